// Writing the members of an archive: to a file at places that are known beforehand, several layers at a time; to a
// stream in order, with the next layers being prepared meanwhile; or into a directory. The bytes are the same at any
// number of jobs.
#pragma once

#include <string>
#include <vector>

#include "core/fs/write/output.h"
#include "core/save/layout.h"

namespace dfsck {

struct LayerFailure {
  size_t layer = 0;     // in the catalogue
  std::string problem;  // in words
};

struct SaveJob {
  const SaveCatalogue& catalogue;
  const std::vector<ArchiveMember>& members;  // all layers of theirs are usable
  unsigned jobs;
  const Cancel& cancel;
  Progress& progress;
};

// The size of the tar.
uint64_t archive_size(const SaveCatalogue& catalogue, const std::vector<ArchiveMember>& members);

// Each gives the layers whose tar is not what it should be, by index; if there are any, what was written is of no use.
// A stream ends where the first of them would have come to its end. Errors: of the output, and Cancelled.
Result<std::vector<LayerFailure>> write_archive(const SaveJob& job, OutputFile& output);
Result<std::vector<LayerFailure>> write_archive(const SaveJob& job, OutputStream& output);
Result<std::vector<LayerFailure>> write_archive(const SaveJob& job, OutputDirectory& output);

// Reads every layer of the members and writes nothing.
Result<std::vector<LayerFailure>> prove_layers(const SaveJob& job);

}  // namespace dfsck
