// How the daemon versions turn what is on disk into tar headers.
//
// Sources: moby pkg/archive/archive.go (FileInfoHeader, ReadSecurityXattrToTarHeader, tarAppender.addTarFile),
// archive_linux.go (ConvertWrite), changes.go (ExportChanges); since 28.2 github.com/moby/go-archive.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/codec/tar/header_writer.h"
#include "core/content/pack/walk.h"
#include "core/content/verify.h"

namespace dfsck {

// Names of users and groups by their numbers.
struct OwnerNames {
  std::map<uint32_t, std::string> users;
  std::map<uint32_t, std::string> groups;
};

// Those of this machine: /etc/passwd and /etc/group, of which daemons before 20.10.27 write the names into headers.
// Empty where they cannot be read.
OwnerNames host_owner_names();

struct PackVariant {
  // Bits of the file type in the mode: 17.06 to 23.
  enum class Mode { WithType, Bare };
  // Names of owners: up to 20.10.26. Root's name is the same everywhere; others are those of the daemon's machine.
  enum class Names { Host, OnlyRoot, None };
  // Which time a whiteout's header has. A layer that was packed and unpacked again has lost it: whiteouts are made
  // anew. The directory around it changed when the whiteout came to be, and has kept its time.
  enum class WhiteoutTime {
    OnDisk,
    OfDirectory,
    Fixed,  // `fixed_time`
  };
  enum class Whiteouts {
    OwnInodes,
    // The kernel (since 5.8) makes the whiteouts of a mount one inode. The daemon then writes into the header of each
    // but the first the name of that one, which unpacking forgets.
    OneInode,
    // Not converted but made up: bare headers of mode 0 (containerd's ChangeWriter, moby's ExportChanges).
    MadeUp,
  };
  // Of a root whose owners are remapped.
  enum class Packed {
    Here,      // with the same mapping: names are those of the ids on disk
    Unmapped,  // by a daemon without a mapping, and unpacked here
    AsOnDisk,  // here, but without taking owners back to container ids (base layers of the naive driver)
  };

  Mode mode = Mode::Bare;
  Names names = Names::None;
  WhiteoutTime whiteout_time = WhiteoutTime::OnDisk;
  Whiteouts whiteouts = Whiteouts::OwnInodes;
  Packed packed = Packed::Here;
  int64_t fixed_time = 0;

  std::string name() const;  // "docker 20.10, ..."; for people
};

// What is known of a tree before it is packed, so that no more variants are tried than can make a difference.
struct PackSurvey {
  uint64_t entries = 0;
  uint64_t whiteouts = 0;
  bool orders_differ = false;
  uint64_t bytes = 0;  // of files
  // The oldest time of a directory around a whiteout, in seconds.
  int64_t first_whiteout_time = 0;
  int64_t newest_time = 0;  // of all that is no whiteout, in seconds
};

// The variants to try, the likeliest first.
std::vector<PackVariant> variants_for(const PackSurvey& survey, const LayerInput& input);

// Where a tree has whiteouts and nothing else is wrong: the likeliest variants with every second within which the
// whiteouts may have been made, as many as may be tried for `hashed_bytes` in all.
std::vector<PackVariant> searching_variants(const PackSurvey& survey, uint64_t hashed_bytes);

// One tar entry as a variant writes it.
struct PackedEntry {
  std::string name;
  std::string header;  // with special headers in front
};

// Writes headers by one variant. Not thread-safe; needs the entries in the order of the walk.
class PackWriter {
 public:
  PackWriter(const PackVariant& variant, const LayerInput& input, const OwnerNames& names)
      : variant_(variant), owners_(input.owners), provenance_(input.provenance), names_(names) {}

  // Whether the two differ in nothing but whiteouts.
  bool is_alike(const PackWriter& other) const;

  // Fills in what `entry` becomes: nothing (what the daemon skips), one entry, or two (an opaque directory). Returns
  // whether the file's bytes follow the last one.
  bool write(const PackEntry& entry, std::vector<PackedEntry>& out);

 private:
  bool set_owner(const PackEntry& entry, NewTarHeader& header) const;
  void become_whiteout(const PackEntry& entry, NewTarHeader& header);

  PackVariant variant_;
  RootOwners owners_;
  Provenance provenance_;
  const OwnerNames& names_;
  std::string first_whiteout_;
};

}  // namespace dfsck
