// What is read of certificates.
#include "core/codec/certificate.h"

#include <gtest/gtest.h>

#include "tests/support/swarm_certificate.h"

namespace dfsck {
namespace {

constexpr const char* kCertificate = kSwarmCertificate;

TEST(Certificate, SubjectOfTheFirst) {
  const auto subject = subject_of_certificate(std::string(kCertificate) + kCertificate);
  ASSERT_TRUE(subject);
  EXPECT_EQ(*subject, (CertificateSubject{"lqzt0mqsv1t9ysdnnjxhpqnw8", "swarm-manager"}));
}

TEST(Certificate, WhatIsNoneIsRefused) {
  const std::string whole = kCertificate;
  for (const std::string& bytes : {std::string(), std::string(600, '\0'), whole.substr(0, 300),
                                   std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")}) {
    EXPECT_FALSE(subject_of_certificate(bytes));
  }
}

}  // namespace
}  // namespace dfsck
