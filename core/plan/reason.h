// Why a step is taken, in words that outlive the report: what a journal keeps of a finding.
#pragma once

#include <string>

namespace dfsck {

struct Reason {
  std::string code;     // "DF0301"
  std::string slug;     // "overlay-link-missing"
  std::string subject;  // "link K7ABC..."; escaped
  std::string safety;   // "safe", "clean", "ask", "lossy"
  friend bool operator==(const Reason&, const Reason&) = default;
};

}  // namespace dfsck
