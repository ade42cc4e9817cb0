// What an X.509 certificate says of its holder.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace dfsck {

struct CertificateSubject {
  std::string common_name;          // CN; a swarm node's id
  std::string organizational_unit;  // OU; a swarm node's role: "swarm-manager" or "swarm-worker"
  friend bool operator==(const CertificateSubject&, const CertificateSubject&) = default;
};

// The subject of the first certificate in a PEM file; a member that it lacks is empty. Signatures and dates are not
// looked at. Format if there is no certificate. Thread-safe.
Result<CertificateSubject> subject_of_certificate(std::string_view pem);

}  // namespace dfsck
