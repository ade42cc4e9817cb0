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
without() { grep -vE "$1" || true; }

core=$(files 'core/*.h' 'core/*.cc')
checks=$(files 'checks/*.h' 'checks/*.cc')
cmd=$(files 'cmd/*.h' 'cmd/*.cc')
product="$core $checks $cmd"
# shellcheck disable=SC2086 # lists of file names without blanks
{
  forbid "core must not know checks or cmd" '#include "(checks|cmd)/' $core
  forbid "checks must not know cmd" '#include "cmd/' $checks
  layer() { files "core/$1/*"; }
  forbid "core/base includes only itself" '#include "core/(run|codec|fs|donor|model|content|heal|plan|transfer)/' $(layer base)
  forbid "core/run may use base" '#include "core/(codec|fs|donor|model|content|heal|plan|transfer)/' $(layer run)
  forbid "core/codec may use base and run" '#include "core/(fs|donor|model|content|heal|plan|transfer)/' $(layer codec)
  forbid "core/fs may use base, run and codec" '#include "core/(donor|model|content|heal|plan|transfer)/' $(layer fs)
  forbid "core/donor may use base to fs" '#include "core/(model|content|heal|plan|transfer)/' $(layer donor)
  forbid "core/model may use base to fs" '#include "core/(content|heal|plan|transfer)/' $(layer model)
  forbid "core/content may use base to model" '#include "core/(heal|plan|transfer)/' $(layer content)
  forbid "core/heal may use base to content" '#include "core/(plan|transfer)/' $(layer heal)
  forbid "core/transfer may use base to content" '#include "core/(heal|plan)/' $(files 'core/transfer/save*' core/transfer/v1_image.cc core/transfer/container_image.cc)
  forbid "Boost.Program_options only in cmd/options.cc" '#include <boost/program_options' \
    $(echo "$product" | tr ' ' '\n' | without '^cmd/options\.cc$')
  forbid "Boost.JSON, OpenSSL, libarchive, zlib only in core/codec" '#include <(boost/json|openssl/|archive|zlib)' \
    $(echo "$product" | tr ' ' '\n' | without '^core/codec/')
  forbid "TBB only in core/run" '#include <tbb/' $(echo "$product" | tr ' ' '\n' | without '^core/run/')
  forbid "threads are started by core/run alone, and by the display" 'std::(j?thread|async)\b' \
    $(echo "$product" | tr ' ' '\n' | without '^(core/run/workers\.cc|cmd/progress_display\.(cc|h))$')
  # A failure for want of memory or descriptors, or of permission, must not pass for what is on the disk.
  forbid "calls that read are made with patience: core/base/patient_calls.h" \
    '[^:A-Za-z_>.]::(openat|pread|f?statx?|lstat|fstatat|readlinkat|readlink|[lf]?getxattr|[lf]?listxattr|readdir|fdopendir|realpath)\(' \
    $(echo "$core" | tr ' ' '\n' | without '^core/(base/patient_calls|fs/writer[a-z_]*)\.cc$')
  forbid "checks do no I/O of their own" '#include <(unistd\.h|fcntl\.h|iostream|cstdio|fstream|filesystem)>' \
    $(echo "$checks" | tr ' ' '\n' | without '^checks/table\.cc$')
  forbid "only core/fs/writer_calls.cc mutates" \
    '\b(unlinkat|renameat2?|linkat|symlinkat|mkdirat|mknodat|fchmodat|fchownat|fchmod|fchown|lsetxattr|fsetxattr|setxattr|lremovexattr|fremovexattr|removexattr|utimensat|futimens|ftruncate|copy_file_range|FICLONE|FS_IOC_SETFLAGS|O_CREAT|O_TMPFILE|O_TRUNC|O_RDWR|O_WRONLY)\b' \
    $(echo "$product" | tr ' ' '\n' | without '^(cmd/(report_file|spool)\.cc|core/fs/writer_calls\.cc|core/fs/mutation\.h)$')
  forbid "mutating calls by path have no place anywhere" \
    '(^|[^A-Za-z_>.])::(unlink|rmdir|remove|rename|link|symlink|mkdir|mknod|mkfifo|chmod|chown|lchown|truncate|utimes|creat)\(' $product
  forbid "mutating calls go through mutate()" \
    '^[^"]*::(unlinkat|renameat2|linkat|symlinkat|mkdirat|mknodat|fchmodat|fchownat|lsetxattr|lremovexattr|utimensat|futimens|ftruncate|syncfs|fsync|fdatasync|write|pwrite|fchown|fchmod|fsetxattr|fremovexattr|copy_file_range|ioctl)\(' \
    $(for file in core/fs/writer_calls.cc; do
        # A call may stand in the line behind its mutate(...).
        awk -v file="$file" '/::(unlinkat|renameat2|linkat|symlinkat|mkdirat|mknodat|fchmodat|fchownat|lsetxattr|lremovexattr|utimensat|futimens|ftruncate|syncfs|fsync|fdatasync|write|pwrite|fchown|fchmod|fsetxattr|fremovexattr|copy_file_range|ioctl)\(/ && !/mutate\(/ && last !~ /mutate\(/ { print file } { last = $0 }' "$file"
      done | sort -u)
  forbid "only core/fs/writer_remove.cc removes, a trial of overlays through one of its own, and an output its unfinished self" \
    '\bremove_at\(' \
    $(echo "$product" | tr ' ' '\n' | without '^core/fs/writer_(calls\.(cc|h)|(remove|mount_trial|output)\.cc)$')
  # A migration removes from its own target what it tried there, what an interrupted run left half-made, or what the source
  # has no more; a run what it prepared in vain.
  forbid "only purge, a run in its own place and a migration in its target remove trees" '\bremove_tree\(' \
    $(echo "$product" | tr ' ' '\n' |
      without '^core/(fs/(writer(_remove\.cc|\.h)|removed\.h)|plan/(keep_place|run_removal|staging)\.cc|transfer/(target_probe|copy_file|migration_state)\.cc)$')
  forbid "only what we made ourselves and did not use is removed" '\bremove_object\(' \
    $(echo "$product" | tr ' ' '\n' |
      without '^core/(fs/(lock\.cc|writer(_remove\.cc|_output\.cc|\.h))|plan/(batch|journal|keep_place|run_removal|spare_links|staging|stamp)\.cc|transfer/(switch_config|target_file|migration_state|new_root|target_probe)\.cc)$')
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
[ "$failed" -eq 0 ] && echo "lint: clean"
exit "$failed"
