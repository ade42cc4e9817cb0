// Small reports made by hand, for tests of what renders them.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "checks/report.h"

namespace dfsck {

// "1111...": an id that is made of one hex digit.
std::string sample_id(char digit);

// Collects a report; findings are added in the order in which a report would have them.
class SampleReport {
 public:
  SampleReport();

  // Adds a finding of the problem with this slug; its texts are filled from `args`. Returns its index.
  size_t add(std::string_view slug, const std::map<std::string, std::string>& args);
  // Plans a step for a finding.
  void plan(size_t finding, Action action);
  void caused_by(size_t finding, size_t cause) { report.findings[finding].finding.caused_by = cause; }
  Affected& affects(size_t finding) { return report.findings[finding].finding.affects; }

  RootReport report;  // root "/r", overlay2, a full check
};

// One lost short link, with the image and the container that hang on it, an orphan, and two harmless things.
SampleReport sample_of_everything();

}  // namespace dfsck
