// Archives as files and directories, where layers can be written at the same time.
#include "core/save/writer.h"

#include <algorithm>
#include <functional>
#include <memory>

#include "core/base/try.h"
#include "core/fs/write/writer.h"
#include "core/run/parallel.h"
#include "core/save/parts.h"

namespace dfsck {
namespace {

// Collects small pieces, so that each header of a layer is not a system call of its own.
class PlacedWriter {
 public:
  using Put = std::function<Result<void>(uint64_t offset, std::string_view bytes)>;
  PlacedWriter(Put put, uint64_t offset) : put_(std::move(put)), offset_(offset) {}

  Result<void> add(std::string_view bytes) {
    const bool is_large = bytes.size() >= kLarge;
    if (is_large || buffer_.size() + bytes.size() > kBuffer) {
      TRY(flush());
    }
    if (!is_large) {
      buffer_ += bytes;
      return {};
    }
    const Result<void> written = put_(offset_, bytes);
    offset_ += bytes.size();
    return written;
  }

  Result<void> flush() {
    const Result<void> written = buffer_.empty() ? Result<void>() : put_(offset_, buffer_);
    offset_ += buffer_.size();
    buffer_.clear();
    return written;
  }

 private:
  static constexpr size_t kBuffer = 1U << 20;
  static constexpr size_t kLarge = 128U << 10;

  Put put_;
  uint64_t offset_;
  std::string buffer_;
};

// Puts all layers together, the longest first. `sink_for(member)` gives what takes the tar of a member, and is called
// once more with no bytes at its end.
using MemberSink = std::function<ByteSink(size_t member)>;

// The longest first: it would otherwise be the one that everybody waits for at the end.
Result<std::vector<LayerFailure>> for_each_layer(const SaveJob& job, const MemberSink& sink_for) {
  const std::vector<SavedLayer>& layers = job.catalogue.layers();
  std::vector<size_t> order = layer_members(job);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return layers[*job.members[a].layer].size > layers[*job.members[b].layer].size;
  });
  LayerResults results(order.size());
  for_each_index(order.size(), job.jobs, job.cancel, [&](size_t n) {
    const SavedLayer& layer = layers[*job.members[order[n]].layer];
    const ByteSink sink = sink_for(order[n]);
    Result<AssembledTar> done =
        assemble_layer_tar(*layer.root, layer.source, job.cancel, job.progress, [&](std::string_view bytes) {
          return results.stopped() ? Result<void>(cancelled_error("save", "", "")) : sink(bytes);
        });
    if (done && done->proven) {
      if (const Result<void> ended = sink({}); !ended) {
        done = ended.error();
      }
    }
    results.note(n, done, layer.size);
    job.progress.add_items(1);
  });
  return results.take(job, order);
}

// Empty bytes end it.
ByteSink sink_to(std::shared_ptr<PlacedWriter> writer) {
  return [writer = std::move(writer)](std::string_view bytes) {
    return bytes.empty() ? writer->flush() : writer->add(bytes);
  };
}

}  // namespace

// For streams, where what is wrong must be known before the first byte is out.
Result<std::vector<LayerFailure>> prove_layers(const SaveJob& job) {
  return for_each_layer(job, [](size_t) { return [](std::string_view) { return Result<void>(); }; });
}

uint64_t archive_size(const SaveCatalogue& catalogue, const std::vector<ArchiveMember>& members) {
  return TarPlan(catalogue, members).size();
}

Result<std::vector<LayerFailure>> write_archive(const SaveJob& job, OutputFile& output) {
  const TarPlan plan(job.catalogue, job.members);
  const PlacedWriter::Put put = [&](uint64_t offset, std::string_view bytes) { return output.write_at(offset, bytes); };
  // What is no layer is little, and written by this thread alone.
  for (size_t i = 0; i <= job.members.size(); ++i) {
    PlacedWriter writer(put, plan.offset(i));
    Result<void> written = writer.add(plan.lead(i));
    written = written && i < job.members.size() ? writer.add(job.members[i].bytes) : written;
    written = written ? writer.flush() : written;
    TRY(written);
  }
  return for_each_layer(job, [&](size_t member) {
    return sink_to(std::make_shared<PlacedWriter>(put, plan.offset(member) + plan.lead(member).size()));
  });
}

// Names are noted before files are made, by this thread alone: whatever a job has made then is removed if it all
// fails.
Result<std::vector<LayerFailure>> write_archive(const SaveJob& job, OutputDirectory& output) {
  std::vector<Fd> files(job.members.size());
  for (size_t i = 0; i < job.members.size(); ++i) {
    const ArchiveMember& member = job.members[i];
    const RelPath path = *RelPath::parse(member.path);
    if (member.kind == ArchiveMember::Kind::Directory) {
      TRY(output.make_directory(path));
      continue;
    }
    output.note_file(path);
    if (member.layer) {
      continue;
    }
    const Result<Fd> file = output.make_file(path);
    TRY(file ? write_at(file->get(), 0, member.bytes, path.text()) : Result<void>(file.error()));
  }
  return for_each_layer(job, [&](size_t i) -> ByteSink {
    const RelPath path = *RelPath::parse(job.members[i].path);
    Result<Fd> file = output.make_file(path);
    if (!file) {
      return [error = file.error()](std::string_view) { return Result<void>(error); };
    }
    const auto owned = std::make_shared<Fd>(std::move(*file));
    return sink_to(std::make_shared<PlacedWriter>(
        [owned, path](uint64_t offset, std::string_view bytes) {
          return write_at(owned->get(), offset, bytes, path.text());
        },
        0));
  });
}

}  // namespace dfsck
