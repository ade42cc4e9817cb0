// Unpacking as moby pkg/archive/archive.go does, for the cases that tests need.
#include "tests/support/layer_on_disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/codec/digest.h"
#include "tests/support/recipe/gzip.h"

namespace dfsck::test {
namespace {

namespace fs = std::filesystem;

std::string without_slash(std::string name) {
  while (name.ends_with('/')) {
    name.pop_back();
  }
  return name;
}

}  // namespace

LayerOnDisk::LayerOnDisk(const std::vector<TarMember>& members) : LayerOnDisk(members, make_tar(members)) {}

LayerOnDisk::LayerOnDisk(const std::vector<TarMember>& members, const Tar& tar) {
  input.tar_split = "layer/tar-split.json.gz";
  input.diff_dir = "overlay2/own/diff";
  input.diff = DiffId::from_hex(sha256_hex(tar.bytes));
  root.make_dir("overlay2/own/diff");
  write_tar_split(go_gzip(tar.tar_split));
  for (const TarMember& member : members) {
    unpack(member);
  }
}

std::string LayerOnDisk::path(const std::string& inside) const { return root.path() + "/overlay2/own/diff/" + inside; }

void LayerOnDisk::write_tar_split(const std::string& gzip) const { root.write("layer/tar-split.json.gz", gzip); }

void LayerOnDisk::add_lower(const std::vector<std::string>& files) {
  const std::string diff = "overlay2/lower" + std::to_string(input.lower_diffs.size()) + "/diff";
  root.make_dir(diff);
  for (const std::string& file : files) {
    root.write(diff + "/" + file, "");
  }
  input.lower_diffs.push_back(*RelPath::parse(diff));
  input.lowers_known = true;
}

void LayerOnDisk::unpack(const TarMember& member) const {
  const fs::path target = without_slash(path(member.name));
  const std::string base = target.filename();
  if (member.type == 'g' || target == fs::path(without_slash(path("./")))) {
    return;
  }
  fs::create_directories(target.parent_path());
  if (base == ".wh..wh..opq") {
    must(::lsetxattr(target.parent_path().c_str(), "trusted.overlay.opaque", "y", 1, 0) == 0, "setxattr");
    return;
  }
  if (base.starts_with(".wh.")) {
    const fs::path hidden = target.parent_path() / base.substr(4);
    must(::mknod(hidden.c_str(), S_IFCHR, makedev(0, 0)) == 0, "mknod");
    must(::lchown(hidden.c_str(), member.uid, member.gid) == 0, "lchown");
    return;
  }
  if (member.type != '5') {
    fs::remove_all(target);
  }
  switch (member.type) {
    case '0': std::ofstream(target, std::ios::binary) << member.data; break;
    case '1': must(::link(path(member.link).c_str(), target.c_str()) == 0, "link"); break;
    case '2': must(::symlink(member.link.c_str(), target.c_str()) == 0, "symlink"); break;
    case '3': must(::mknod(target.c_str(), S_IFCHR, makedev(member.major, member.minor)) == 0, "mknod"); break;
    case '4': must(::mknod(target.c_str(), S_IFBLK, makedev(member.major, member.minor)) == 0, "mknod"); break;
    case '5': fs::create_directory(target); break;
    case '6': must(::mkfifo(target.c_str(), 0600) == 0, "mkfifo"); break;
    default: return;
  }
  must(::lchown(target.c_str(), member.uid, member.gid) == 0, "lchown");
  for (const auto& [name, value] : member.xattrs) {
    must(::lsetxattr(target.c_str(), name.c_str(), value.data(), value.size(), 0) == 0, "lsetxattr");
  }
  if (!fs::is_symlink(fs::symlink_status(target))) {
    must(::chmod(target.c_str(), member.mode) == 0, "chmod");
  }
  const timespec time{member.mtime < 0 ? 0 : member.mtime, 0};
  const timespec times[2] = {time, time};
  must(::utimensat(AT_FDCWD, target.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0, "utimensat");
}

LayerVerdict LayerOnDisk::verify(Depth depth) const {
  const Cancel cancel;
  Progress progress;
  return verify_layer(root.open(), input, depth, cancel, progress);
}

std::string payload(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>(1 + (i * 131 + i / 251) % 255);
  }
  return bytes;
}

std::string why_no_layers() {
  if (::geteuid() != 0) {
    return "needs root for owners and device nodes";
  }
  const TempRoot probe;
  if (::lsetxattr(probe.path().c_str(), "trusted.overlay.opaque", "y", 1, 0) != 0) {
    return "needs a temporary directory that keeps trusted attributes";
  }
  if (::mknod((probe.path() + "/node").c_str(), S_IFCHR, makedev(0, 0)) != 0) {
    return "needs the right to make device nodes";
  }
  return "";
}

std::string issues_of(const LayerVerdict& verdict) {
  std::string text;
  for (const Issue& issue : verdict.issues) {
    text += std::string(issue_kind_name(issue.kind)) + " " + issue.path + ": " + issue.detail + "\n";
  }
  return text;
}

}  // namespace dfsck::test
