// Replaces the root's path in a report.
#include "cmd/render/root_label.h"

namespace dfsck {
namespace {

// True if a path component goes on with `c`.
// /var/lib/docker is the beginning of /var/lib/docker-old, which is another directory.
bool continues_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

class Relabel {
 public:
  Relabel(const std::string& path, const std::string& label) : path_(path), label_(label) {}

  void text(std::string& text) const {
    for (size_t at = text.find(path_); at != std::string::npos; at = text.find(path_, at)) {
      const size_t end = at + path_.size();
      if (end < text.size() && continues_name(text[end])) {
        at = end;
        continue;
      }
      text.replace(at, path_.size(), label_);
      at += label_.size();
    }
  }

  // Everything that a report prints: a label is used where the path may not be seen, or differs from
  // run to run as in tests, and one place that is forgotten spoils it.
  void report(RootReport& report) const {
    text(report.root);
    for (std::string& evidence : report.evidence) {
      text(evidence);
    }
    for (std::string& failure : report.failures) {
      text(failure);
    }
    for (ReportedFinding& reported : report.findings) {
      text(reported.message);
      text(reported.consequence);
      text(reported.remedy);
      text(reported.why);
      for (auto& [name, value] : reported.finding.args) {
        text(value);
      }
    }
    if (report.repair) {
      for (std::string& obstacle : report.repair->obstacles) {
        text(obstacle);
      }
      for (StepResult& result : report.repair->results) {
        text(result.why);
      }
    }
    for (std::vector<RootReport>* others : {&report.after, &report.below}) {
      for (RootReport& other : *others) {
        this->report(other);
      }
    }
  }

 private:
  const std::string& path_;
  const std::string& label_;
};

}  // namespace

// At the very end, on a copy: the report still has to find its files before that.
RootReport with_root_label(RootReport report, const std::string& label) {
  const std::string path = report.root;
  if (path.size() > 1) {  // "/" is in every path
    Relabel(path, label).report(report);
  }
  report.root = label;
  return report;
}

}  // namespace dfsck
