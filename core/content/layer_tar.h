// The tar of a layer, put together again out of its tar-split and its tree, byte by byte as it once came.
//
// What moby layer/layer_store.go:assembleTarTo does through a mount is done here on diff/ alone, with nothing mounted
// and no link followed out of it.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "core/codec/compress/gzip_writer.h"
#include "core/content/tar_source.h"
#include "core/fs/root.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

// A layer whose files claim to hold more than this is none.
inline constexpr uint64_t kMaxLayerTar = 1ULL << 40;

// The size of the tar, out of tar-split alone: no file of the tree is touched. Errors: as LayerStream::next; Format
// where the tar holds a GNU sparse file, whose form is not kept; Limit beyond kMaxLayerTar.
Result<uint64_t> layer_tar_size(const Root& root, const TarSource& source);

struct AssembledTar {
  bool proven = false;  // the tar is complete and hashes to the diff ID
  std::string problem;  // why not, escaped, for people: "etc/passwd is 0 bytes, should be 1204"
  uint64_t bytes = 0;   // that the sink got
};

// Puts the tar together and gives it to `sink` in pieces. Every file's size and CRC-64 and the whole tar's SHA-256 are
// compared on the way; where one is wrong it ends at once, and what the sink got means nothing. What a tar does not
// hold (owners, modes and times of the tree) is not looked at. Adds the bytes of files to `progress`. Errors: those of
// the sink, and Cancelled. One buffer, whatever the size. Thread-safe.
Result<AssembledTar> assemble_layer_tar(const Root& root, const TarSource& source, const Cancel& cancel,
                                        Progress& progress, const ByteSink& sink);

}  // namespace dfsck
