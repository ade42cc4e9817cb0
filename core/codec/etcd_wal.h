// Read-only check of etcd's raft files as a swarm manager keeps them: swarm/raft/wal-v3-encrypted/*.wal and
// snap-v3-encrypted/*.snap. Only framing and checksums are looked at; swarm encrypts the contents inside of them.
//
// Facts: etcd server/storage/wal/{decoder,wal,repair}.go, server/etcdserver/api/snap/snapshotter.go.
// A WAL is a row of frames {u64 little-endian length, protobuf Record{type = 1, crc = 2, data = 3}, padding to 8 bytes}
// in files that were filled with zeros beforehand: a length of zero is the normal end. The CRC-32C runs through the
// data of all records of all files; each file starts with a record of type 4 that holds the value so far.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace dfsck {

enum class WalPlace {
  Earlier,  // later files follow, so that nothing can be torn here
  Last,     // the file with the highest name, to which the manager was writing
};

struct WalProblem {
  uint64_t offset = 0;  // of the frame that cannot be read
  std::string detail;
  // The last record was only partly written: etcd cuts it off at the next start by itself (wal.Repair) and loses
  // nothing that was ever acknowledged. Otherwise the manager does not start.
  bool torn_tail = false;
};

struct WalCheck {
  uint64_t records = 0;  // 0 is not normal: a file gets its name after its first records are durable
  uint64_t end = 0;      // offset behind the last good record
  uint32_t crc = 0;      // to be passed on to the check of the next file
  std::optional<WalProblem> problem;
};

// Checks one WAL file. Files are checked in order of name, each with the `crc` of the one before, the first with 0.
// Reads up to the first problem: nothing behind it can be trusted. Any bytes are fine. Thread-safe.
WalCheck check_wal(std::string_view bytes, uint32_t crc_before, WalPlace place);

// Checks one snapshot file: protobuf {crc = 1, data = 2} with the CRC-32C of the data. Error: Format with the reason.
// etcd renames a bad one to *.broken and takes the next older.
Result<void> check_raft_snapshot(std::string_view bytes);

// CRC-32C (Castagnoli), continued from `crc`; start with 0.
uint32_t crc32c(uint32_t crc, std::string_view bytes);

}  // namespace dfsck
