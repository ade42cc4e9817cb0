// One walk over tar-split: what is no payload goes out as it stands, payloads come out of the tree.
#include "core/content/layer_tar.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "core/base/escape.h"
#include "core/base/patient_calls.h"
#include "core/base/try.h"
#include "core/codec/digest.h"
#include "core/codec/tar/layer_stream.h"
#include "core/content/bytes/payload.h"
#include "core/content/bytes/read_ahead.h"
#include "core/content/tree/tree_cursor.h"
#include "core/fs/dir.h"
#include "core/fs/memory_file.h"

namespace dfsck {
namespace {

Result<Fd> open_tar_split(const Root& root, const TarSource& source) {
  return source.tar_split.empty() ? root.open_file(source.input.tar_split) : memory_file(source.tar_split);
}

// Of what follows an entry's header in the tar. Other types than files have nothing there, whatever they claim.
uint64_t payload_size(const LayerEntry& entry) { return entry.header.is_global() ? 0 : entry.header.size; }

class Assembler {
 public:
  Assembler(int tar_split, std::string where, int tree, const TarSource& source, const Cancel& cancel,
            Progress& progress, const ByteSink& sink)
      : source_(source),
        cancel_(cancel),
        sink_(sink),
        stream_(tar_split, std::move(where)),
        ahead_(stream_, tree),
        cursor_(tree),
        reader_(cancel, progress) {}

  Result<AssembledTar> run();

 private:
  Result<void> emit(std::string_view bytes);
  Result<void> emit_payload(const LayerEntry& entry);
  // Opens the file of an entry. Nothing, with the problem said, where it cannot supply the payload.
  Fd open_payload(const LayerEntry& entry);
  void say(const LayerEntry& entry, const std::string& what) { result_.problem = escaped(entry.path) + " " + what; }

  const TarSource& source_;
  const Cancel& cancel_;
  const ByteSink& sink_;
  LayerStream stream_;
  ReadAhead ahead_;
  TreeCursor cursor_;
  PayloadReader reader_;
  Sha256 hash_;
  AssembledTar result_;
};

Result<void> Assembler::emit(std::string_view bytes) {
  hash_.update(bytes);
  result_.bytes += bytes.size();
  return bytes.empty() ? Result<void>() : sink_(bytes);
}

// Type and size are asked before the open: what is wrong at a look ends the tar before a byte of the file is given.
Fd Assembler::open_payload(const LayerEntry& entry) {
  if (entry.header.is_sparse) {
    say(entry, "is a GNU sparse file, whose form in the tar is not kept");
    return Fd();
  }
  // Only files are opened, ever: to open a device may do things.
  const std::string name(entry.base());
  struct stat info {};
  const bool entered = cursor_.enter(entry.parent());
  if (!entered || patient::fstatat(cursor_.fd(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    const int code = entered ? errno : cursor_.error();
    say(entry, code == ENOENT ? "is missing" : "cannot be read: " + errno_text(code));
    return Fd();
  }
  if (!S_ISREG(info.st_mode)) {
    say(entry, "is a " + std::string(type_name(info.st_mode)) + ", should be a file");
    return Fd();
  }
  if (static_cast<uint64_t>(info.st_size) != entry.size) {
    say(entry, "is " + std::to_string(info.st_size) + " bytes, should be " + std::to_string(entry.size));
    return Fd();
  }
  Fd file = open_for_reading(cursor_.fd(), name.c_str());
  if (!file) {
    say(entry, "cannot be opened: " + errno_text(errno));
  }
  return file;
}

Result<void> Assembler::emit_payload(const LayerEntry& entry) {
  const Fd file = open_payload(entry);
  if (!file) {
    return {};
  }
  Result<void> passed_on;
  const PayloadReader::Outcome read = reader_.read(file.get(), entry.size, [&](std::string_view piece) {
    // The reader has no way to be stopped from here, so a sink that failed gets nothing more.
    if (passed_on) {
      passed_on = emit(piece);
    }
  });
  TRY(passed_on);
  if (cancel_.requested()) {
    return cancelled_error("save", "", "");
  }
  if (read.was_cold) {
    ahead_.saw_cold_file();
  }
  if (read.error != 0) {
    say(entry, "cannot be read behind byte " + std::to_string(read.bytes) + ": " + errno_text(read.error));
  } else if (read.bytes != entry.size) {
    say(entry, "ends behind byte " + std::to_string(read.bytes) + " of " + std::to_string(entry.size));
  } else if (read.crc64 != entry.crc64) {
    say(entry, "has other bytes than it should have");
  }
  return {};
}

// Ends at the first thing that is wrong: whoever reads the tar beyond it would get bytes that belong to no layer.
Result<AssembledTar> Assembler::run() {
  for (;;) {
    if (cancel_.requested()) {
      return cancelled_error("save", "", "");
    }
    LayerEntry* entry = nullptr;
    const Result<LayerStream::Kind> kind = ahead_.next(entry);
    if (!kind) {
      result_.problem = kind.error().message();
      return std::move(result_);
    }
    if (*kind == LayerStream::Kind::End) {
      break;
    }
    TRY(emit(entry->raw));
    if (*kind == LayerStream::Kind::Entry && payload_size(*entry) > 0) {
      TRY(emit_payload(*entry));
    }
    if (!result_.problem.empty()) {
      return std::move(result_);
    }
  }
  const std::string found = hash_.finish_hex();
  // Told last, as it is known last: `docker save` of a daemon notices a wrong layer at this point too, when its output
  // is written already.
  result_.proven = source_.input.diff && found == source_.input.diff->hex();
  if (!result_.proven) {
    result_.problem = "every file is right by its checksum, but the tar does not hash to the layer's digest";
  }
  return std::move(result_);
}

}  // namespace

Result<uint64_t> layer_tar_size(const Root& root, const TarSource& source) {
  ASSIGN_OR_RETURN(const Fd tar_split, open_tar_split(root, source));
  const std::string where = source.input.tar_split.text();
  LayerStream stream(tar_split.get(), where);
  LayerEntry entry;
  uint64_t total = 0;
  for (;;) {
    ASSIGN_OR_RETURN(const LayerStream::Kind kind, stream.next(entry));
    if (kind == LayerStream::Kind::End) {
      return total;
    }
    const bool has_payload = kind == LayerStream::Kind::Entry;
    if (has_payload && entry.header.is_sparse) {
      return format_error("read", where,
                          escaped(entry.path) + " is a GNU sparse file, whose form in the tar is not kept");
    }
    const uint64_t payload = has_payload ? payload_size(entry) : 0;
    // A header may claim nearly 2^63 bytes; the sum must not wrap around.
    total += entry.raw.size() + std::min(payload, kMaxLayerTar);
    if (total > kMaxLayerTar) {
      return limit_error("read", where, "its files claim to hold more than 1 TiB");
    }
  }
}

Result<AssembledTar> assemble_layer_tar(const Root& root, const TarSource& source, const Cancel& cancel,
                                        Progress& progress, const ByteSink& sink) {
  const Result<Dir> tree = root.open_dir(source.input.diff_dir);
  const Result<Fd> tar_split = tree ? open_tar_split(root, source) : Result<Fd>(tree.error());
  if (!tar_split) {
    AssembledTar nothing;
    nothing.problem = tar_split.error().message();
    return nothing;
  }
  return Assembler(tar_split->get(), source.input.tar_split.text(), tree->fd(), source, cancel, progress, sink).run();
}

}  // namespace dfsck
