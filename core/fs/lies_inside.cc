// Links are followed by hand at the end of a path, because what they lead to need not exist; then the directories above
// are compared by what they are.
#include "core/fs/lies_inside.h"

#include <sys/stat.h>
#include <unistd.h>

#include <climits>

#include "core/base/patient_calls.h"
#include "core/base/try.h"
#include "core/fs/root.h"

namespace dfsck {
namespace {

constexpr int kMostLinks = 40;  // as the kernel

struct Place {
  std::string directory;  // without symbolic links
  std::string name;

  std::string path() const { return (directory == "/" ? "" : directory) + "/" + name; }
};

Result<Place> place_of(std::string path) {
  // With a slash at its end a call would see what is behind a link; here the link itself has to be seen, and followed
  // by hand.
  while (path.size() > 1 && path.back() == '/') {
    path.pop_back();
  }
  const size_t slash = path.rfind('/');
  ASSIGN_OR_RETURN(std::string directory, resolved_path(slash == std::string::npos ? "." : path.substr(0, slash + 1)));
  return Place{std::move(directory), path.substr(slash == std::string::npos ? 0 : slash + 1)};
}

// realpath(3) fails where the last name does not exist, and an output file mostly does not exist yet; an open that
// makes it would follow a link there all the same, and make the file behind the link.
Result<Place> final_place(const std::string& path) {
  Result<Place> place = place_of(path);
  for (int links = 0; links < kMostLinks && place; ++links) {
    std::string target(PATH_MAX, '\0');
    const ssize_t length = patient::readlink(place->path().c_str(), target.data(), target.size());
    if (length < 0) {
      break;
    }
    target.resize(static_cast<size_t>(length));
    place = place_of(target.starts_with('/') ? target : place->directory + "/" + target);
  }
  return place;
}

bool is_same(const std::string& path, const struct stat& other) {
  struct stat info {};
  return patient::stat(path.c_str(), &info) == 0 && info.st_dev == other.st_dev && info.st_ino == other.st_ino;
}

}  // namespace

Result<bool> lies_inside(const std::string& path, const std::string& root) {
  ASSIGN_OR_RETURN(const Place place, final_place(path));
  struct stat info {};
  if (patient::stat(root.c_str(), &info) != 0) {
    const Result<Place> new_root = final_place(root);
    return new_root && new_root->path() == place.path();
  }
  // By device and inode on the way up: two mounts of one root have different paths.
  for (std::string above = place.directory; !above.empty(); above.resize(above.rfind('/'))) {
    if (is_same(above, info)) {
      return true;
    }
  }
  return is_same("/", info);
}

}  // namespace dfsck
