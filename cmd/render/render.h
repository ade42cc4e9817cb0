// Reports as text and as JSON. Pure: the same report and settings give the same bytes.
#pragma once

#include <optional>
#include <string>

#include "checks/report.h"
#include "cmd/options/options.h"
#include "cmd/render/paint.h"

namespace dfsck {

// What --stats shows. Never part of a report otherwise, so that reports can be compared.
struct Timing {
  double wall_seconds = 0;
  double cpu_seconds = 0;
  uint64_t peak_memory_bytes = 0;
  uint64_t bytes_hashed = 0;
  unsigned jobs = 1;
};

struct RenderSettings {
  Detail detail = Detail::Normal;
  Truncate truncate = Truncate::Yes;
  Strict strict = Strict::No;
  Paint paint{Paint::Use::No};
  size_t width = 0;             // columns to which prose is wrapped; 0: it is not
  std::string donor_arguments;  // " --from FILE" for each donor, as a following command has to name them
  std::string root_argument;    // the root as a following command has to name it; empty: it need not
  std::optional<Timing> timing;
};

std::string render_text(const RootReport& report, const RenderSettings& settings);

// Schema "docker-fsck/report/1"; see docker-fsck(8).
std::string render_json(const RootReport& report, const RenderSettings& settings);

// The document in place of a report when there is none: {"schema", "version", "error", "exit_code"}.
std::string render_json_error(const std::string& message, int exit_code);

}  // namespace dfsck
