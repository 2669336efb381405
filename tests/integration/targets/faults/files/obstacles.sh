#!/bin/sh
# Copyright (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Puts an obstacle in the way of a run, or takes it away: obstacles.sh put|lift NAME PLACE. The place holds a certificate's files.

set -eu
action=$1 name=$2 place=$3

# Moves the files to a small file system of their own; takes the options of tmpfs.
small_disk() {
    cp -a "$place" "$place.kept"
    mount -t tmpfs -o "$1,mode=0755" faults "$place"
    cp -a "$place.kept/." "$place/"
    rm -r "$place.kept"
}

large_again() {
    cp -a "$place" "$place.kept"
    umount "$place"
    rm -r "$place"
    mv "$place.kept" "$place"
}

case "$action $name" in
"put none" | "lift none") ;;
"put full")
    small_disk size=128k
    # Zeros until there is no room; the file system says so itself.
    cat /dev/zero > "$place/filler" 2>/dev/null || true
    ;;
"put full_without_key")
    # The combined file holds the key, too, and is not overwritten while it does.
    rm "$place/key.pem" "$place/combined.pem"
    small_disk size=128k
    cat /dev/zero > "$place/filler" 2>/dev/null || true
    ;;
"lift full" | "lift full_without_key")
    rm "$place/filler"
    large_again
    ;;
"put no_inodes")
    small_disk nr_inodes=16
    number=0
    while touch "$place/filler-$number" 2>/dev/null; do number=$((number + 1)); done
    ;;
"lift no_inodes")
    rm "$place"/filler-*
    large_again
    ;;
"put read_only")
    small_disk size=128k
    mount -o remount,ro "$place"
    ;;
"lift read_only")
    mount -o remount,rw "$place"
    large_again
    ;;
"put mounted_file") mount --bind "$place/cert.pem" "$place/cert.pem" ;;
"lift mounted_file") umount "$place/cert.pem" ;;
"put missing_folder") mv "$place" "$place.moved" ;;
"lift missing_folder") mv "$place.moved" "$place" ;;
"put file_as_folder")
    mv "$place" "$place.moved"
    echo "not a directory" > "$place"
    ;;
"lift file_as_folder")
    rm "$place"
    mv "$place.moved" "$place"
    ;;
"put folder_as_file")
    rm "$place/chain.pem"
    mkdir "$place/chain.pem"
    ;;
"lift folder_as_file") rmdir "$place/chain.pem" ;;
"put pipe")
    rm "$place/chain.pem"
    mkfifo "$place/chain.pem"
    ;;
"put circle") ln -sf chain.pem "$place/chain.pem" ;;
"put dangling") ln -sf nowhere/chain.pem "$place/chain.pem" ;;
"lift pipe" | "lift circle" | "lift dangling") rm "$place/chain.pem" ;;
"put huge") truncate -s 2M "$place/cert.pem" ;;
"lift huge") rm "$place/cert.pem" ;;
"put taken_lock") mkdir "$place/.mailops.smime-$(printf cert.pem | sha256sum | cut -c1-16).run" ;;
"lift taken_lock") rmdir "$place/.mailops.smime-$(printf cert.pem | sha256sum | cut -c1-16).run" ;;
"put immutable_file") chattr +i "$place/cert.pem" ;;
"lift immutable_file") chattr -i "$place/cert.pem" ;;
"put append_only") chattr +a "$place/combined.pem" ;;
"lift append_only") chattr -a "$place/combined.pem" ;;
"put immutable_folder") chattr +i "$place" ;;
"lift immutable_folder") chattr -i "$place" ;;
"put read_only_folder") chmod 0555 "$place" ;;
"lift read_only_folder") chmod 0755 "$place" ;;
"put foreign_folder") chown nobody "$place" ;;
"lift foreign_folder") chown root "$place" ;;
"put foreign_key") chown nobody "$place/key.pem" ;;
"lift foreign_key") chown root "$place/key.pem" ;;
"put foreign_certificate")
    chmod 0600 "$place/cert.pem"
    chown nobody "$place/cert.pem"
    ;;
"lift foreign_certificate") chown root "$place/cert.pem" ;;
"put sticky")
    chown nobody "$place" "$place"/c*.pem
    chmod 1777 "$place"
    chmod 0644 "$place"/c*.pem
    ;;
"lift sticky")
    chown root "$place" "$place"/c*.pem
    chmod 0755 "$place"
    ;;
*)
    echo "there is no obstacle $name to $action" >&2
    exit 1
    ;;
esac
