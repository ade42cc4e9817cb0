// What the damage of a file looks like, from where it differs.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "checks/content/damage_class.h"

namespace dfsck {
namespace {

Issue wrong_bytes() {
  Issue issue;
  issue.kind = IssueKind::BytesDiffer;
  issue.path = "bin/tool";
  issue.expected.emplace();
  issue.expected->mode = S_IFREG | 0644;
  issue.expected->size = 100'000;
  issue.expected->crc64 = 1;
  issue.found_crc64 = 2;
  return issue;
}

std::optional<DamageClass> with_extent(uint64_t offset, uint64_t length) {
  Remedy remedy;
  remedy.wrong = WrongBytes{offset, length};
  return damage_class(wrong_bytes(), &remedy, {});
}

TEST(DamageClass, WrongBytesInOneAlignedUnitAreThatUnit) {
  EXPECT_EQ(with_extent(512, 512), DamageClass::WrongSector);
  EXPECT_EQ(with_extent(4096, 513), DamageClass::WrongBlock);
  EXPECT_EQ(with_extent(4096, 4096), DamageClass::WrongBlock);
  EXPECT_EQ(with_extent(4095, 2), DamageClass::OtherBytes);
  EXPECT_EQ(with_extent(0, 4097), DamageClass::OtherBytes);
}

TEST(DamageClass, WithoutTheRightBytesNobodyKnowsWhereAFileDiffers) {
  EXPECT_EQ(damage_class(wrong_bytes(), nullptr, {}), DamageClass::OtherBytes);
}

TEST(DamageClass, OneByteIsABitOnlyIfOneBitDiffers) {
  Remedy remedy;
  remedy.origin.fixes = {{7, 0x41, 0x40}};
  EXPECT_EQ(damage_class(wrong_bytes(), &remedy, {}), DamageClass::WrongBit);
  remedy.origin.fixes = {{7, 0x41, 0x42}};
  EXPECT_EQ(damage_class(wrong_bytes(), &remedy, {}), DamageClass::WrongByte);
}

TEST(DamageClass, ZerosThatTheFileAlwaysHadExplainNothing) {
  Issue issue = wrong_bytes();
  issue.kind = IssueKind::ZeroFilled;
  issue.offset = 8192;
  issue.length = 4096;
  EXPECT_EQ(damage_class(issue, nullptr, {}), DamageClass::Zeros);
  Remedy remedy;
  remedy.wrong = WrongBytes{8200, 4000};
  EXPECT_EQ(damage_class(issue, &remedy, {}), DamageClass::Zeros);
  remedy.wrong = WrongBytes{100, 20};
  EXPECT_EQ(damage_class(issue, &remedy, {}), DamageClass::WrongSector);
}

TEST(DamageClass, TheBytesOfAnotherDamagedFileAreSwapped) {
  LayerVerdict verdict;
  verdict.issues = {wrong_bytes(), wrong_bytes()};
  verdict.issues[1].expected->crc64 = 2;
  verdict.issues[1].found_crc64 = 1;
  DamagedContents damaged;
  add_damaged_contents(verdict, damaged);
  EXPECT_EQ(damage_class(verdict.issues[0], nullptr, damaged), DamageClass::Swapped);
  verdict.issues[1].found_crc64 = 3;
  EXPECT_EQ(damage_class(verdict.issues[1], nullptr, damaged), DamageClass::OtherBytes);
}

TEST(DamageClass, TimesAndAdditionalEntriesAreNoAccidentOfAFile) {
  Issue issue = wrong_bytes();
  issue.kind = IssueKind::TimeDrift;
  EXPECT_FALSE(damage_class(issue, nullptr, {}));
  issue.kind = IssueKind::Extra;
  EXPECT_FALSE(damage_class(issue, nullptr, {}));
}

}  // namespace
}  // namespace dfsck
