// A data root that does not exist yet.
#pragma once

#include <optional>
#include <string>

#include "core/base/result.h"
#include "core/fs/root.h"

namespace dfsck {

// Makes the directory, with the mode that a daemon gives it, in a directory that exists. Unless keep() is called, the
// destructor takes it away again if it is still empty, so that a failure leaves no trace.
class NewRoot {
 public:
  static Result<NewRoot> make(const std::string& path);
  NewRoot(NewRoot&&) noexcept = default;
  NewRoot& operator=(NewRoot&&) = delete;
  ~NewRoot();

  const Root& root() const { return *root_; }
  void keep() { parent_.reset(); }

 private:
  NewRoot(Dir parent, std::string name, FileTime parent_time, Root root)
      : parent_(std::move(parent)), name_(std::move(name)), parent_time_(parent_time), root_(std::move(root)) {}

  std::optional<Dir> parent_;  // nothing: it stays
  std::string name_;
  FileTime parent_time_;
  std::optional<Root> root_;
};

}  // namespace dfsck
