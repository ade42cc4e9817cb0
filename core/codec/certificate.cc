// Certificates are read by OpenSSL.
#include "core/codec/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <climits>
#include <memory>
#include <new>

namespace dfsck {
namespace {

// As UTF-8, whatever its ASN.1 type is. A certificate may lack the member or have several; the first one counts.
std::string name_part(const X509_NAME* name, int id) {
  const int index = X509_NAME_get_index_by_NID(name, id, -1);
  const X509_NAME_ENTRY* entry = index >= 0 ? X509_NAME_get_entry(name, index) : nullptr;
  unsigned char* bytes = nullptr;
  const int size = entry != nullptr ? ASN1_STRING_to_UTF8(&bytes, X509_NAME_ENTRY_get_data(entry)) : -1;
  if (size < 0) {
    return "";
  }
  std::string text(bytes, bytes + size);
  OPENSSL_free(bytes);
  return text;
}

}  // namespace

Result<CertificateSubject> subject_of_certificate(std::string_view pem) {
  using Memory = std::unique_ptr<BIO, decltype(&BIO_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
  const int size = pem.size() <= INT_MAX ? static_cast<int>(pem.size()) : 0;
  const Memory memory(BIO_new_mem_buf(pem.data(), size), BIO_free);
  const Certificate certificate(memory ? PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr) : nullptr,
                                X509_free);
  // OpenSSL says a lack of memory in its error queue alone. Taken for a bad certificate, it would be damage that is
  // none.
  if (!memory || (!certificate && ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE)) {
    throw std::bad_alloc();
  }
  if (!certificate) {
    return format_error("read", "certificate", "it holds no certificate in PEM form");
  }
  const X509_NAME* name = X509_get_subject_name(certificate.get());
  return CertificateSubject{name_part(name, NID_commonName), name_part(name, NID_organizationalUnitName)};
}

}  // namespace dfsck
