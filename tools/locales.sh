#!/bin/sh
# locales.sh FOLDER NAME.CHARSET...: makes those locales in FOLDER, unless they are there, from the
# sources of the C library (Debian's package `locales`). A program finds them by LOCPATH=FOLDER.
set -u
folder=$1
shift
mkdir -p "$folder" || exit 1
for locale in "$@"; do
    [ -d "$folder/$locale" ] && continue
    source=/usr/share/i18n/locales/${locale%%.*}
    if ! command -v localedef >/dev/null 2>&1 || [ ! -e "$source" ]; then
        echo "locales.sh: cannot make $locale: localedef or $source is missing; install Debian's" \
            "package locales" >&2
        exit 1
    fi
    # Beside its place first: another process may be making the same.
    new=$folder/$locale.tmp-$$
    localedef -i "${locale%%.*}" -f "${locale#*.}" "$new" || exit 1
    mv -T "$new" "$folder/$locale" 2>/dev/null || rm -rf "$new"
done
