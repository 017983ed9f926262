package embedpg

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// unpackBytesMax bounds what an archive may grow to; the bundle has 59 MB.
const unpackBytesMax = 512 << 20

// unpack writes an npm archive's native tree and licence under dir. Names that leave dir, and
// anything but files and directories, are refused, although the archive's hash was checked before.
func unpack(archive io.Reader, dir string) error {
	gz, err := gzip.NewReader(archive)
	if err != nil {
		return err
	}
	left := int64(unpackBytesMax)
	for tr := tar.NewReader(gz); ; {
		head, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := entryName(head)
		if err != nil {
			return err
		}
		if name == "" {
			continue
		}
		if left -= head.Size; left < 0 {
			return fmt.Errorf("archive holds more than %d bytes", int64(unpackBytesMax))
		}
		if err := writeEntry(filepath.Join(dir, name), tr, head); err != nil {
			return err
		}
	}
}

// entryName is an entry's path below the archive's top directory, or empty for one we do not need.
func entryName(head *tar.Header) (string, error) {
	name, ok := strings.CutPrefix(head.Name, "package/")
	if !ok || !filepath.IsLocal(name) || path.Clean(name) != name {
		return "", fmt.Errorf("archive entry %q is not below package/", head.Name)
	}
	if !strings.HasPrefix(name, "native/") && name != "LICENSE.md" {
		return "", nil
	}
	if head.Typeflag != tar.TypeReg {
		return "", fmt.Errorf("archive entry %q is not a regular file (type %q)", head.Name, head.Typeflag)
	}
	return name, nil
}

// writeEntry makes every file readable for all, since another account than the one that unpacks may
// run the programs, and writable for none but its owner.
func writeEntry(name string, r io.Reader, head *tar.Header) error {
	if err := mkdirAll(filepath.Dir(name)); err != nil {
		return err
	}
	// A program that is open for writing cannot be run, and a child that any goroutine is just forking
	// has a copy of f: none is forked until f is closed.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, r); err != nil {
		return errors.Join(err, f.Close())
	}
	mode := fs.FileMode(0o644)
	if head.Mode&0o111 != 0 {
		mode = 0o755
	}
	return errors.Join(f.Chmod(mode), f.Close())
}

// linkLibraries makes the links that the bundle lists instead of containing: an npm archive cannot
// hold links, and the script that would make them is not run.
func linkLibraries(tree string) error {
	text, err := os.ReadFile(filepath.Join(tree, "native", "pg-symlinks.json"))
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("read list of links: %w", err)
	}
	for _, l := range links {
		if !filepath.IsLocal(l.Source) || !filepath.IsLocal(l.Target) {
			return fmt.Errorf("link %q to %q leaves the bundle", l.Target, l.Source)
		}
		if _, err := os.Lstat(filepath.Join(tree, l.Source)); err != nil {
			return err
		}
		rel, err := filepath.Rel(filepath.Dir(l.Target), l.Source)
		if err != nil {
			return err
		}
		if err := os.Symlink(rel, filepath.Join(tree, l.Target)); err != nil {
			return err
		}
	}
	return nil
}
