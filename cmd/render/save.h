// What `save` has to say, as text and as JSON. Pure.
#pragma once

#include <string>
#include <vector>

#include "cmd/options/options.h"
#include "core/save/save.h"

namespace dfsck {

struct SaveReport {
  std::string root;    // path
  std::string output;  // as typed; empty: none was named
  ArchiveFormat format = ArchiveFormat::DockerArchive;
  bool dry_run = false;
  std::vector<std::string> warnings;  // a daemon runs, roots below that could not be read; escaped
  SaveResult result;
  int exit_code = 0;
};

std::string render_save_text(const SaveReport& report, const SaveCatalogue& catalogue, const Options& options);
// Schema "docker-fsck/save/1"; see docker-fsck(8).
std::string render_save_json(const SaveReport& report, const SaveCatalogue& catalogue);

}  // namespace dfsck
