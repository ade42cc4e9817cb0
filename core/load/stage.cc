// Owners and modes are those that daemons give.
#include "core/load/stage.h"

#include "core/base/try.h"
#include "core/fs/write/writer.h"

namespace dfsck {
namespace {

// Those that moby layer/filestore.go and overlay2/overlay.go:create give.
constexpr uint32_t kFileMode = 0644;
constexpr uint32_t kMarkerMode = 0600;
constexpr uint32_t kLayerMode = 0710;
constexpr uint32_t kDiffMode = 0755;
constexpr uint32_t kWorkMode = 0700;
constexpr uint32_t kEntryMode = 0700;

// Made with 0700 and given away afterwards, so that the mode does not depend on the umask.
Result<Dir> make_dir(const Dir& parent, const std::string& name, const OwnerMode& owner) {
  TRY(make_directory(parent, name, 0700));
  TRY(set_owner_mode(parent, name, owner));
  return parent.open_dir(name);
}

OwnerMode of_daemon(const LoadTarget& target, uint32_t mode) {
  return {target.owners.daemon_uid(), target.owners.daemon_gid(), mode};
}

OwnerMode of_containers(const LoadTarget& target, uint32_t mode) {
  return {target.owners.layer_uid(), target.owners.layer_gid(), mode};
}

Result<void> write_file(const Dir& parent, const std::string& name, std::string_view bytes, const OwnerMode& owner) {
  ASSIGN_OR_RETURN(const Fd file, make_file(parent, name, bytes));
  return set_owner_mode(parent, name, owner);
}

// Everything of the layer's directory but what is in diff/.
// Only what stands on another layer gets "lower" and "work"; "committed" is there from the beginning where a further
// new layer will stand on this one.
Result<Dir> make_directory_of(const NewLayer& layer, size_t number, const LoadTarget& target, const Dir& staging) {
  ASSIGN_OR_RETURN(const Dir dir, make_dir(staging, std::to_string(staged_directory(number)),
                                           {target.owners.daemon_uid(), target.owners.layer_gid(), kLayerMode}));
  Result<void> made = write_file(dir, "link", layer.link.text(), of_daemon(target, kFileMode));
  if (made && !layer.lower.empty()) {
    made = write_file(dir, "lower", layer.lower, of_daemon(target, kFileMode));
    const Result<Dir> work = made ? make_dir(dir, "work", of_containers(target, kWorkMode)) : made.error();
    made = work ? Result<void>() : work.error();
  }
  if (made && layer.is_parent) {
    made = write_file(dir, "committed", "", of_daemon(target, kMarkerMode));
  }
  return made ? make_dir(dir, "diff", of_containers(target, kDiffMode)) : made.error();
}

}  // namespace

// Both trees are only prepared here, under numbers in the run's own directory, where no daemon looks. In which order
// they appear in the root is the affair of steps.cc.
Result<UnpackedLayer> stage_layer(const Donor& donor, const NewLayer& layer, size_t number, const LoadTarget& target,
                                  const LoadStaging& staging, Progress& progress) {
  ASSIGN_OR_RETURN(const std::unique_ptr<LayerSource> source, donor.open_layer(layer.diff, LayerHashing::Verified));
  ASSIGN_OR_RETURN(const Dir diff, make_directory_of(layer, number, target, staging.directories));
  ASSIGN_OR_RETURN(const Dir entry,
                   make_dir(staging.entries, std::to_string(staged_entry(number)), of_daemon(target, kEntryMode)));
  ASSIGN_OR_RETURN(const Fd tar_split, make_file(entry, "tar-split.json.gz", ""));
  const Result<UnpackedLayer> unpacked = unpack_layer(
      *source, diff, target.owners,
      [&](std::string_view bytes) { return append(tar_split.get(), bytes, entry.where()); }, progress);
  TRY(unpacked);
  const OwnerMode owner = of_daemon(target, kFileMode);
  Result<void> written = set_owner_mode(entry, "tar-split.json.gz", owner);
  if (written) {
    written = write_file(entry, "diff", layer.diff.text(), owner);
  }
  if (written && layer.parent) {
    written = write_file(entry, "parent", layer.parent->text(), owner);
  }
  if (written) {
    written = write_file(entry, "size", std::to_string(unpacked->tree_bytes), owner);
  }
  if (written) {
    written = write_file(entry, "cache-id", layer.dir.text(), owner);
  }
  return written ? unpacked : written.error();
}

}  // namespace dfsck
