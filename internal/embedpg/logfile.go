package embedpg

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

const (
	// logKeepBytes is how large the server's log may be at a start before it is put aside as
	// postgres.log.1, replacing the one before: two files are all that is ever kept.
	logKeepBytes = 10 << 20
	// logTailBytes bounds what of a failed start's log goes into the error.
	logTailBytes = 8 << 10
)

// openLog opens the server's log for appending and returns the offset at which this start begins. A
// link in its place is refused: root may run on a directory that another user owns.
func openLog(name string) (_ *os.File, start int64, err error) {
	if info, err := os.Stat(name); err == nil && info.Size() > logKeepBytes {
		if err := os.Rename(name, name+".1"); err != nil {
			return nil, 0, fmt.Errorf("rotate log: %w", err)
		}
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, 0, fmt.Errorf("open log: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("open log: %w", err), f.Close())
	}
	return f, info.Size(), nil
}

// logSince returns what was logged from offset start on, at most its last logTailBytes. It is for
// messages: a log that cannot be read yields its error as text.
func logSince(name string, start int64) string {
	f, err := os.Open(name)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil {
		start = max(start, info.Size()-logTailBytes)
	}
	text, err := io.ReadAll(io.NewSectionReader(f, start, logTailBytes))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// lastLines joins the last n lines of text into one.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " | ")
}
