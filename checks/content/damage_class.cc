// From the shape of the damage to its name.
#include "checks/content/damage_class.h"

#include <bit>

namespace dfsck {
namespace {

// What disks and filesystems write as a whole: damage of exactly such a unit speaks of them.
constexpr uint64_t kSector = 512;
constexpr uint64_t kBlock = 4096;

// In one unit at its place, not merely as long as one: half of two sectors is no sector.
bool within_one(uint64_t unit, const WrongBytes& wrong) {
  return wrong.offset / unit == (wrong.offset + wrong.length - 1) / unit;
}

// One bit points at memory or a cable, a byte of several wrong bits rather at something that copied it.
DamageClass class_of_byte(const ByteFix& fix) {
  return std::popcount(static_cast<unsigned>(fix.value ^ fix.found)) == 1 ? DamageClass::WrongBit
                                                                          : DamageClass::WrongByte;
}

// A file may have blocks of zeros of its own.
bool zeros_explain(const Issue& issue, const Remedy* remedy) {
  return remedy == nullptr || !remedy->wrong ||
         (remedy->wrong->offset >= *issue.offset &&
          remedy->wrong->offset + remedy->wrong->length <= *issue.offset + *issue.length);
}

// From the strongest evidence to the weakest: a fix that the layer's digest has proven, then bytes that
// are known from elsewhere, then the shape alone.
DamageClass class_of_bytes(const Issue& issue, const Remedy* remedy, const DamagedContents& damaged) {
  if (remedy != nullptr && !remedy->origin.fixes.empty()) {
    return class_of_byte(remedy->origin.fixes.front());
  }
  if (issue.found_crc64 && damaged.contains({issue.expected->size, *issue.found_crc64})) {
    return DamageClass::Swapped;
  }
  if (issue.kind == IssueKind::ZeroFilled && zeros_explain(issue, remedy)) {
    return DamageClass::Zeros;
  }
  if (issue.fixes.size() == 1) {
    return class_of_byte(issue.fixes.front());
  }
  if (remedy != nullptr && remedy->wrong) {
    return within_one(kSector, *remedy->wrong)  ? DamageClass::WrongSector
           : within_one(kBlock, *remedy->wrong) ? DamageClass::WrongBlock
                                                : DamageClass::OtherBytes;
  }
  return DamageClass::OtherBytes;
}

}  // namespace

void add_damaged_contents(const LayerVerdict& verdict, DamagedContents& contents) {
  for (const Issue& issue : verdict.issues) {
    if (lacks_bytes(issue) && issue.expected) {
      contents.emplace(issue.expected->size, issue.expected->crc64);
    }
  }
}

// Nothing for what is no loss of the layer's: extra things were put there by somebody, times change
// without harm, and what cannot be read has no shape.
std::optional<DamageClass> damage_class(const Issue& issue, const Remedy* remedy, const DamagedContents& damaged) {
  switch (issue.kind) {
    case IssueKind::Emptied: return DamageClass::Empty;
    case IssueKind::Short: return DamageClass::Short;
    case IssueKind::Long: return DamageClass::Long;
    case IssueKind::ZeroFilled:
    case IssueKind::BytesDiffer: return class_of_bytes(issue, remedy, damaged);
    case IssueKind::Missing: return DamageClass::Gone;
    case IssueKind::WrongType: return DamageClass::OtherType;
    case IssueKind::OwnerMode:
    case IssueKind::OwnerHidden:
    case IssueKind::Xattr:
    case IssueKind::LinkTarget:
    case IssueKind::HardLinkSplit:
    case IssueKind::WhiteoutLost:
    case IssueKind::OpaqueLost:
    case IssueKind::DeviceNumber: return DamageClass::MetadataOnly;
    case IssueKind::Extra:
    case IssueKind::TimeDrift:
    case IssueKind::Unreadable: return std::nullopt;
  }
  return std::nullopt;
}

std::string_view damage_class_text(DamageClass damage) {
  switch (damage) {
    case DamageClass::Empty: return "empty";
    case DamageClass::Short: return "too short";
    case DamageClass::Long: return "too long";
    case DamageClass::Zeros: return "with zeros in place of blocks";
    case DamageClass::WrongBit: return "with one wrong bit";
    case DamageClass::WrongByte: return "with one wrong byte";
    case DamageClass::WrongSector: return "with other bytes in one block of 512";
    case DamageClass::WrongBlock: return "with other bytes in one block of 4096";
    case DamageClass::Swapped: return "with the bytes of another damaged file";
    case DamageClass::OtherBytes: return "with other bytes";
    case DamageClass::Gone: return "missing";
    case DamageClass::OtherType: return "of another type";
    case DamageClass::MetadataOnly: return "with wrong metadata alone";
  }
  return "";
}

}  // namespace dfsck
