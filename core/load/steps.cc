// Every step but that of repositories.json makes something where nothing is.
#include "core/load/steps.h"

#include <algorithm>

#include "core/base/unread.h"
#include "core/load/stage.h"
#include "core/plan/expect.h"

namespace dfsck {
namespace {

constexpr uint32_t kPrivateDir = 0700;
constexpr uint32_t kPrivateFile = 0600;

std::string name_of(const LoadImage& image) {
  return image.names.empty() ? image.image.id.text() : image.names.front().key();
}

// The order in which a daemon registers: directory, short link, entry, parents before children, then the config, and
// the tags at last. A crash between two of them leaves layers that no image uses yet, which the next load adopts.
class StepMaker {
 public:
  StepMaker(const Root& root, const LoadArchive& archive, const LoadTarget& target, const LoadWork& work)
      : root_(root), archive_(archive), target_(target), work_(work) {}

  Result<LoadSteps> run() {
    add_skeleton();
    for (size_t i = 0; i < archive_.images.size(); ++i) {
      steps_.reasons.push_back({"load", "load", "image " + name_of(archive_.images[i]), "clean"});
      add_layers_of(i);
      if (std::find(work_.new_images.begin(), work_.new_images.end(), i) != work_.new_images.end()) {
        add_image(i);
      }
    }
    add_tags();
    return error_ ? Result<LoadSteps>(*error_) : std::move(steps_);
  }

 private:
  Ownership owner(uint32_t mode) const { return {target_.owners.daemon_uid(), target_.owners.daemon_gid(), mode}; }

  // Absent is an expectation like any other: something that appears at the path before the step comes stops the run,
  // and is not replaced.
  void add(Action action, size_t image) {
    const RelPath& path = action_path(action);
    if (const Result<FileStat> there = root_.stat(path); there || !means_absent(there.error())) {
      fail(there ? format_error("load", path.text(), "is in the way") : there.error());
      return;
    }
    Expect expect;
    expect.absent = true;
    steps_.plan.steps.push_back({std::move(action), std::move(expect), {image}});
  }

  void fail(Error error) {
    if (!error_) {
      error_ = std::move(error);
    }
  }

  void add_directory(const RelPath& path, const Ownership& owner) {
    const Result<FileStat> there = root_.stat(path);
    if (there && there->is_dir()) {
      return;
    }
    if (!there && !means_absent(there.error())) {
      fail(there.error());  // asked again, it could be there: in the way of nothing
      return;
    }
    add(MakeDir{path, owner}, 0);
  }

  // With the modes that a daemon gives them: at its start it corrects those of overlay2/ and l/, but of nothing in
  // image/.
  void add_skeleton() {
    const RelPath& images = target_.image_path;
    for (const RelPath& path : {images.parent(), images, images / "distribution", images / "imagedb",
                                images / "imagedb/content", images / "imagedb/content/sha256",
                                images / "imagedb/metadata", images / "imagedb/metadata/sha256", images / "layerdb"}) {
      add_directory(path, owner(kPrivateDir));
    }
    add_directory(images / "layerdb/sha256", owner(0755));
    add_directory("overlay2", {target_.owners.daemon_uid(), target_.owners.layer_gid(), 0710});
    add_directory("overlay2/l", owner(kPrivateDir));
  }

  void add_layers_of(size_t image) {
    const RelPath overlay = "overlay2";
    for (size_t i = 0; i < work_.new_layers.size(); ++i) {
      const NewLayer& layer = work_.new_layers[i];
      if (layer.image != image) {
        continue;
      }
      add(Adopt{overlay / layer.dir.text(), staged_directory(i)}, image);
      const RelPath link = overlay / "l" / layer.link.text();
      add(WriteSymlink{link, "../" + layer.dir.text() + "/diff"}, image);
      // A link's owner matters to nobody but to whoever compares owners: all that the daemon of such a root makes is
      // its user's.
      if (target_.owners.daemon_uid() != 0 || target_.owners.daemon_gid() != 0) {
        add(SetOwnership{link, owner(0777)}, image);
      }
      add(Adopt{target_.image_path / "layerdb/sha256" / layer.chain.hex(), staged_entry(i)}, image);
    }
    // Layers that are there already and get their first child: without the marker the driver would mount them
    // writable for who asks for them.
    if (image == 0) {
      for (const CacheId& dir : work_.newly_committed) {
        add(WriteFile{overlay / dir.text() / "committed", "", owner(kPrivateFile)}, image);
      }
    }
  }

  // The config's name is the hash of its bytes, so the bytes are the archive's, unchanged.
  void add_image(size_t number) {
    const LoadImage& image = archive_.images[number];
    const RelPath store = target_.image_path / "imagedb";
    add(WriteFile{store / "content/sha256" / image.image.id.hex(), image.config, owner(kPrivateFile)}, number);
    const auto parent = std::find_if(work_.parents.begin(), work_.parents.end(),
                                     [&](const auto& each) { return each.first == image.image.id; });
    if (parent != work_.parents.end()) {
      const RelPath metadata = store / "metadata/sha256" / image.image.id.hex();
      add_directory(metadata, owner(kPrivateDir));
      add(WriteFile{metadata / "parent", parent->second.text(), owner(kPrivateFile)}, number);
    }
  }

  // The one file that is replaced and not made, and so the one with an expectation of what it holds now.
  void add_tags() {
    const RelPath path = target_.image_path / "repositories.json";
    const size_t unread = unread_so_far();
    const Expect now = expect_now(root_, path);
    if (const std::vector<Unread> withheld = unread_below(root_.path(), unread); !withheld.empty()) {
      fail({Error::Kind::Io, withheld.front().code, withheld.front().op, path.text(), ""});  // not absent, but not seen
      return;
    }
    if (work_.tags.empty() && !now.absent) {
      return;
    }
    Tags tags = target_.tags;
    for (const TagChange& change : work_.tags) {
      tags[change.name.name][change.name.key()] = change.id.text();
    }
    steps_.plan.steps.push_back({WriteFile{path, repositories_json(tags), owner(kPrivateFile)}, now, {0}});
  }

  const Root& root_;
  const LoadArchive& archive_;
  const LoadTarget& target_;
  const LoadWork& work_;
  LoadSteps steps_;
  std::optional<Error> error_;
};

}  // namespace

Result<LoadSteps> load_steps(const Root& root, const LoadArchive& archive, const LoadTarget& target,
                             const LoadWork& work) {
  return StepMaker(root, archive, target, work).run();
}

}  // namespace dfsck
