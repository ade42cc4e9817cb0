#!/bin/sh
# Rules of the code base that the compiler cannot check: who may include what, where the dangerous calls may stand,
# how long files may be. Prints every breach; ends with 1 if there is one.
set -u
cd "$(dirname "$0")/.."
failed=0

# forbid DESCRIPTION PATTERN FILES...
forbid() {
  description=$1 pattern=$2
  shift 2
  found=$(grep -nE "$pattern" "$@" /dev/null 2>/dev/null)
  if [ -n "$found" ]; then
    printf 'lint: %s:\n%s\n' "$description" "$found"
    failed=1
  fi
}

files() { git ls-files --cached --others --exclude-standard -- "$@"; }
# without PATTERN...: the lines that fit none of them.
without() { grep -vE "$(printf '%s\n' "$@" | paste -sd '|')" || true; }

core=$(files 'core/*.h' 'core/*.cc')
checks=$(files 'checks/*.h' 'checks/*.cc')
cmd=$(files 'cmd/*.h' 'cmd/*.cc')
product="$core $checks $cmd"
# shellcheck disable=SC2086 # lists of file names without blanks
{
  forbid "Boost.Program_options only in cmd/options/options.cc" '#include <boost/program_options' \
    $(echo "$product" | tr ' ' '\n' | without '^cmd/options/options\.cc$')
  forbid "Boost.JSON, OpenSSL, libarchive, zlib only in core/codec" '#include <(boost/json|openssl/|archive|zlib)' \
    $(echo "$product" | tr ' ' '\n' | without '^core/codec/')
  forbid "TBB only in core/run" '#include <tbb/' $(echo "$product" | tr ' ' '\n' | without '^core/run/')
  forbid "threads are started by core/run alone, and by the display" 'std::(j?thread|async)\b' \
    $(echo "$product" | tr ' ' '\n' | without '^cmd/terminal/progress_display\.(cc|h)$' '^core/run/workers\.cc$')
  # A failure for want of memory or descriptors, or of permission, must not pass for what is on the disk.
  forbid "calls that read are made with patience: core/base/patient_calls.h" \
    '[^:A-Za-z_>.]::(openat|pread|f?statx?|lstat|fstatat|readlinkat|readlink|[lf]?getxattr|[lf]?listxattr|readdir|fdopendir|realpath)\(' \
    $(echo "$core" | tr ' ' '\n' | without '^core/(base/patient_calls|fs/write/[a-z_]*)\.cc$')
  forbid "checks do no I/O of their own" '#include <(unistd\.h|fcntl\.h|iostream|cstdio|fstream|filesystem)>' \
    $(echo "$checks" | tr ' ' '\n' | without '^checks/table\.cc$')
  forbid "only core/fs/write/calls.cc mutates" \
    '\b(unlinkat|renameat2?|linkat|symlinkat|mkdirat|mknodat|fchmodat|fchownat|fchmod|fchown|lsetxattr|fsetxattr|setxattr|lremovexattr|fremovexattr|removexattr|utimensat|futimens|ftruncate|copy_file_range|FICLONE|FS_IOC_SETFLAGS|O_CREAT|O_TMPFILE|O_TRUNC|O_RDWR|O_WRONLY)\b' \
    $(echo "$product" | tr ' ' '\n' | without '^cmd/process/(report_file|spool)\.cc$' '^core/fs/write/(calls\.cc|mutation\.h)$')
  forbid "mutating calls by path have no place anywhere" \
    '(^|[^A-Za-z_>.])::(unlink|rmdir|remove|rename|link|symlink|mkdir|mknod|mkfifo|chmod|chown|lchown|truncate|utimes|creat)\(' $product
  forbid "mutating calls go through mutate()" \
    '^[^"]*::(unlinkat|renameat2|linkat|symlinkat|mkdirat|mknodat|fchmodat|fchownat|lsetxattr|lremovexattr|utimensat|futimens|ftruncate|syncfs|fsync|fdatasync|write|pwrite|fchown|fchmod|fsetxattr|fremovexattr|copy_file_range|ioctl)\(' \
    $(for file in core/fs/write/calls.cc; do
        # A call may stand in the line behind its mutate(...).
        awk -v file="$file" '/::(unlinkat|renameat2|linkat|symlinkat|mkdirat|mknodat|fchmodat|fchownat|lsetxattr|lremovexattr|utimensat|futimens|ftruncate|syncfs|fsync|fdatasync|write|pwrite|fchown|fchmod|fsetxattr|fremovexattr|copy_file_range|ioctl)\(/ && !/mutate\(/ && last !~ /mutate\(/ { print file } { last = $0 }' "$file"
      done | sort -u)
  forbid "only core/fs/write/remove.cc removes, a trial of overlays through one of its own, and an output its unfinished self" \
    '\bremove_at\(' \
    $(echo "$product" | tr ' ' '\n' | without '^core/fs/write/(calls\.(cc|h)|mount_trial\.cc|output\.cc|remove\.cc)$')
  # A migration removes from its own target what it tried there, what an interrupted run left half-made, or what the source
  # has no more; a run what it prepared in vain.
  forbid "only purge, a run in its own place and a migration in its target remove trees" '\bremove_tree\(' \
    $(echo "$product" | tr ' ' '\n' |
      without '^core/fs/write/(remove\.cc|removed\.h|writer\.h)$' \
        '^core/journal/run/(keep_place|removal|staging)\.cc$' '^core/migrate/(copy_file|state)\.cc$' \
        '^core/migrate/target/target_probe\.cc$')
  forbid "only what we made ourselves and did not use is removed" '\bremove_object\(' \
    $(echo "$product" | tr ' ' '\n' |
      without '^core/fs/lock\.cc$' '^core/fs/write/(new_root\.cc|output\.cc|remove\.cc|writer\.h)$' \
        '^core/journal/batch\.cc$' \
        '^core/journal/run/(journal|keep_place|removal|spare_links|staging|stamp)\.cc$' \
        '^core/migrate/(state|target_file)\.cc$' '^core/migrate/target/(switch_config|target_probe)\.cc$')
  forbid "paths are opened by core/fs and core/content only" '(^|[^A-Za-z_]|patient)::(open|opendir|fopen)\(|std::filesystem|std::ifstream' \
    $(echo "$core $checks" | tr ' ' '\n' | without '^core/(fs|content)/|^core/base/patient_calls\.cc$')
  forbid "strerror is not thread-safe: errno_text" '\bstrerror\b' $product
  forbid "left for later" '\b(TODO|FIXME|XXX|HACK)\b' $product
}
for source in $product $(files 'tests/*.cc'); do
  header=${source%.cc}.h
  if [ "$header" != "$source" ] && [ -e "$header" ] &&
    [ "$(grep -m 1 '^#include' "$source")" != "#include \"$header\"" ]; then
    echo "lint: $source does not include its own header first"
    failed=1
  fi
done
tests/lint_folders.pl | sed 's/^/lint: /' | grep . && failed=1
# shellcheck disable=SC2046 # lists of file names without blanks
tests/lint_includes.pl $(files 'core/*.h' 'core/*.cc' 'checks/*.h' 'checks/*.cc' 'cmd/*.h' 'cmd/*.cc' 'tests/*.h' 'tests/*.cc') |
  sed 's/^/lint: /' | grep . && failed=1
for file in $product $(files 'tests/*.cc' 'tests/*.h' 'tests/*.sh' 'fixtures/*.sh'); do
  lines=$(wc -l <"$file")
  if [ "$lines" -gt 500 ]; then
    echo "lint: $file has $lines lines; 500 is the limit"
    failed=1
  fi
  case $(head -c 3 "$file") in
    "// " | "#!/") ;;
    *) echo "lint: $file does not begin with a comment that says what it is"; failed=1 ;;
  esac
done
# Each version of clang-format has a mind of its own about some constructs; the tree follows the one of Debian 12.
if clang-format --version 2>/dev/null | grep -q ' version 14\.'; then
  # shellcheck disable=SC2046 # lists of file names without blanks
  unformatted=$(clang-format --dry-run $(files '*.h' '*.cc') 2>&1 | sed -n 's/^\([^ :]*\):.*code should be clang-formatted.*/\1/p' | uniq)
  if [ -n "$unformatted" ]; then
    printf 'lint: not as clang-format 14 has it (make format):\n%s\n' "$unformatted"
    failed=1
  fi
else
  echo "lint: format not checked: there is no clang-format 14"
fi
[ "$failed" -eq 0 ] && echo "lint: clean"
exit "$failed"
