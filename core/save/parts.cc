// Laying out the tar, and summing up.
#include "core/save/parts.h"

#include <algorithm>

#include "core/codec/tar/header.h"
#include "core/codec/tar/header_writer.h"

namespace dfsck {
namespace {

NewTarHeader header_of(const ArchiveMember& member, uint64_t size) {
  NewTarHeader header;
  header.name = member.path;
  header.mtime_seconds = member.mtime;
  switch (member.kind) {
    case ArchiveMember::Kind::Directory:
      header.name += "/";
      header.type = '5';
      header.mode = 0755;
      break;
    case ArchiveMember::Kind::File:
      header.mode = 0644;
      header.size = size;
      break;
    case ArchiveMember::Kind::Link:
      header.type = '2';
      header.mode = 0777;
      header.link_name = member.target;
      break;
  }
  return header;
}

}  // namespace

// All sizes are known before the first byte is written, because a tar-split tells the size of its tar. So every
// member has its place, and layers can be written at the same time.
TarPlan::TarPlan(const SaveCatalogue& catalogue, const std::vector<ArchiveMember>& members) {
  uint64_t at = 0;
  std::string lead;
  for (const ArchiveMember& member : members) {
    const uint64_t size = member.layer ? catalogue.layers()[*member.layer].size : member.bytes.size();
    append_tar_header(header_of(member, size), lead);  // our own names always fit
    offsets_.push_back(at);
    at += lead.size() + size;
    leads_.push_back(std::move(lead));
    lead.assign(tar_padding(size), '\0');
  }
  lead.append(2 * kTarBlock, '\0');
  offsets_.push_back(at);
  leads_.push_back(std::move(lead));
}

std::vector<size_t> layer_members(const SaveJob& job) {
  std::vector<size_t> order;
  for (size_t i = 0; i < job.members.size(); ++i) {
    if (job.members[i].layer) {
      order.push_back(i);
    }
  }
  return order;
}

// A size other than the planned one would shift everything behind it: the layer counts as wrong even if its digest is
// right.
void LayerResults::note(size_t n, const Result<AssembledTar>& done, uint64_t size) {
  if (!done) {
    errors_[n] = done.error();
    stop();
  } else if (!done->proven) {
    problems_[n] = done->problem;
  } else if (done->bytes != size) {
    problems_[n] = "its tar-split changes meanwhile";
  }
}

// Errors of the output come first, then the layers that are wrong; that others were stopped is only told where there
// is neither.
Result<std::vector<LayerFailure>> LayerResults::take(const SaveJob& job, const std::vector<size_t>& order) const {
  if (job.cancel.requested()) {
    return cancelled_error("save", "", "");
  }
  std::optional<Error> stopped;
  for (const std::optional<Error>& error : errors_) {
    if (error && error->kind != Error::Kind::Cancelled) {
      return *error;
    }
    stopped = error ? error : stopped;
  }
  std::vector<LayerFailure> failures;
  for (size_t n = 0; n < order.size(); ++n) {
    if (!problems_[n].empty()) {
      failures.push_back({*job.members[order[n]].layer, problems_[n]});
    }
  }
  if (failures.empty() && stopped) {
    return *stopped;
  }
  std::sort(failures.begin(), failures.end(),
            [](const LayerFailure& a, const LayerFailure& b) { return a.layer < b.layer; });
  return failures;
}

}  // namespace dfsck
