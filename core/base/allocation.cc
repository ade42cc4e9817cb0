// operator new that leaves errno alone where it succeeds.
//
// malloc(3) may change errno even then: under a limit of address space glibc tries to grow its heap, fails with ENOMEM,
// and finds room elsewhere. An error is made of words and of errno, and the words are often made first: a file that is
// missing would be said to have failed for want of memory, or, worse, the other way round.
#include <cerrno>
#include <cstdlib>
#include <new>

namespace {

void* memory_of(std::size_t size) noexcept {
  // Kept and put back only on success: where malloc(3) fails, its ENOMEM is what the caller should see.
  // A size of 0 asks for one byte, because operator new must return a pointer that is not null, which malloc(0) need
  // not.
  const int code = errno;
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory != nullptr) {
    errno = code;
  }
  return memory;
}

}  // namespace

void* operator new(std::size_t size) {
  void* const memory = memory_of(size);
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  return memory;
}

// What libraries ask for so is given back by the operator delete below: a sanitizer wants both from one place.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return memory_of(size); }

void operator delete(void* memory) noexcept { std::free(memory); }

void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
