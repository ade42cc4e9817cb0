// The extended attributes of one object, named by its directory's descriptor and its name; links are not followed.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace dfsck {

// Where an object is: a directory descriptor (O_PATH will do), a name in it, and a descriptor of the object itself if
// it happens to be open (else -1), which is the cheapest way in.
struct ObjectPlace {
  int dir;
  const char* name;
  int open_fd = -1;
};

// The names of an object's attributes. One system call; no memory but itself unless there are very many names.
class XattrNames {
 public:
  // 0, or the errno of the failure; a filesystem without attributes has none.
  int read(const ObjectPlace& place);

  bool empty() const { return size_ == 0; }
  // Calls visit(std::string_view name) for each.
  template <typename Visit>
  void each(Visit visit) const {
    for (size_t at = 0; at < size_;) {
      const std::string_view name(data() + at);
      visit(name);
      at += name.size() + 1;
    }
  }
  bool contains(std::string_view wanted) const;

 private:
  const char* data() const { return large_.empty() ? small_.data() : large_.data(); }

  std::array<char, 1024> small_{};
  std::string large_;
  size_t size_ = 0;
};

// The value of one attribute; nothing if it is not there or cannot be read.
std::optional<std::string> read_xattr(const ObjectPlace& place, const std::string& name);

// Whether this process sees attributes "trusted.*" at all: that takes CAP_SYS_ADMIN, and not in a user namespace.
bool sees_trusted_xattrs();
bool has_sys_admin();

}  // namespace dfsck
