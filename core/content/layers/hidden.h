// What the filesystem of a root, or the kernel, hides of its layers. What cannot be seen is undetermined, never damage.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/content/verify.h"
#include "core/fs/root.h"
#include "core/model/model.h"

namespace dfsck {

struct HiddenContent {
  bool whiteouts = false;     // an overlay takes them for its own
  bool marks = false;         // opaque directories
  bool attributes = false;    // capabilities
  bool owners = false;        // and modes
  bool nodes = false;         // devices, FIFOs
  bool parts = false;         // what the kernel's overlay has left in a layer below: redirect_dir, metacopy
  std::string filesystem;     // "overlay", "nfs4", "fuse.sshfs"; empty if that hides nothing
  bool in_namespace = false;  // attributes "trusted.*" cannot be seen from this user namespace,
  bool unprivileged = false;  // or by a process without CAP_SYS_ADMIN; whiteouts are judged by marks, too
  // Where the same tree is seen as it is: the root's path in each directory of an overlay, the uppermost first; else
  // the share or device that is mounted.
  std::vector<std::string> real_places;

  bool any() const { return whiteouts || marks || attributes || owners || nodes || parts; }
};

// By the type of the filesystem that holds the driver's directory, and by whether it knows the attributes at all.
HiddenContent find_hidden(const Root& root, const Model& model);
// The same with another table of mounts than this process's.
HiddenContent find_hidden(const Root& root, const Model& model, const std::string& mountinfo);

// What this process may see: adds to `hidden` where the root's marks seem to be ones that it is not shown. `found` has
// the verdicts of all layers and their duplicates, as they came.
void add_unseen_marks(const Model& model, const std::vector<const LayerVerdict*>& found, HiddenContent& hidden);

// True if attributes "trusted.*" are not shown to this process and the root's overlay may keep its marks in them.
bool lacks_sight_of_marks(const Model& model, const std::vector<const LayerVerdict*>& found);

// For the directory of a BuildKit step, which the kernel's overlay wrote: takes issues back that a redirect of a
// directory, or a file that is a metacopy, would explain. True if there were any.
bool take_back_unseen_parts(LayerVerdict& verdict);
void add_unseen_parts(const Model& model, HiddenContent& hidden);

// True if the issue may be about nothing but what is hidden.
bool is_hidden(const HiddenContent& hidden, const Issue& issue);

// Takes such issues back; a layer that has no others is as right as can be seen.
void take_back_hidden(const HiddenContent& hidden, LayerVerdict& verdict);
// The verdict's state without the issues that were taken back.
void settle_after_taking_back(LayerVerdict& verdict);
// The same where the digest is that of other bytes than the layer's: it says nothing then.
void settle_as_incomplete(LayerVerdict& verdict);

// One access list that is not shifted as the root's owners are, among others that are, is damage. Where none is,
// whoever shifted the owners left all lists alone: such issues are taken back. How many.
uint64_t take_back_unshifted_acls(const std::vector<LayerVerdict*>& verdicts);

}  // namespace dfsck
