package httpapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// assetTypes are the kinds of files that pages load or link; another one is a mistake of the build.
var assetTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".txt": "text/plain; charset=utf-8",
}

// asset is one built file. Its entity tag names the gzipped bytes.
type asset struct {
	contentType string
	zipped      []byte
	tag         string
}

// assets serves built files by name. Names stay the same from build to build, so a browser asks again
// each time, and is told that nothing changed.
type assets map[string]asset

// loadAssets reads dist/*.gz of the built front end.
func loadAssets(web fs.FS) (assets, error) {
	names, err := fs.Glob(web, "dist/*.gz")
	if err != nil {
		return nil, fmt.Errorf("list built files: %w", err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("list built files: dist holds none: %w", fs.ErrNotExist)
	}
	found := make(assets, len(names))
	for _, file := range names {
		name := strings.TrimSuffix(path.Base(file), ".gz")
		contentType, known := assetTypes[path.Ext(name)]
		if !known {
			return nil, fmt.Errorf("list built files: %s is of no kind that pages load or link", file)
		}
		zipped, err := fs.ReadFile(web, file)
		if err != nil {
			return nil, fmt.Errorf("read built file: %w", err)
		}
		hash := sha256.Sum256(zipped)
		found[name] = asset{contentType, zipped, hex.EncodeToString(hash[:16])}
	}
	return found, nil
}

// ServeHTTP implements http.Handler for the path value "name".
func (a assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file, ok := a[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	content, tag := file.zipped, file.tag
	h := w.Header()
	h.Add("Vary", "Accept-Encoding")
	if acceptsGzip(r.Header) {
		h.Set("Content-Encoding", "gzip")
	} else {
		plain, err := unzip(file.zipped)
		if err != nil {
			panic(fmt.Errorf("unzip built file %s: %w", r.PathValue("name"), err))
		}
		// Another representation needs another tag.
		content, tag = plain, file.tag+"-plain"
	}
	h.Set("Content-Type", file.contentType)
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", `"`+tag+`"`)
	// A worker takes its policy from its own script's answer, not from the page.
	setPagePolicy(h)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

func unzip(zipped []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader) // files of our own build, whose size we know
}

// acceptsGzip reads Accept-Encoding: gzip counts when it is named, and not with a weight of zero.
func acceptsGzip(h http.Header) bool {
	for entry := range strings.SplitSeq(strings.Join(h.Values("Accept-Encoding"), ","), ",") {
		coding, parameter, _ := strings.Cut(entry, ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		weight, weighted := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameter)), "q=")
		return !weighted || strings.Trim(weight, "0.") != ""
	}
	return false
}
