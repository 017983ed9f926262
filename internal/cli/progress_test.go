package cli_test

import (
	"bytes"
	"strings"
	"testing"

	"purser/internal/cli"
	"purser/internal/demo"
)

func TestProgress(t *testing.T) {
	t.Parallel()
	var all []demo.Progress
	for day := range 91 {
		all = append(all, demo.Progress{Day: day, Days: 90, Commands: int64(day)})
	}
	var file, terminal bytes.Buffer
	cli.ShowProgress(&file, false, all)
	cli.ShowProgress(&terminal, true, all)

	lines := strings.Split(strings.TrimSuffix(file.String(), "\n"), "\n")
	if len(lines) != 11 || lines[0] != "demo: day 0 of 90, 0 commands" || lines[10] != "demo: day 90 of 90, 90 commands" {
		t.Errorf("a file gets %d lines, want 11 from the first day to the last:\n%s", len(lines), &file)
	}
	if strings.Contains(terminal.String(), "\n") || strings.Count(terminal.String(), "demo: ") != 91 {
		t.Errorf("a terminal gets %q, want 91 states of one line", &terminal)
	}
	if !strings.HasSuffix(terminal.String(), "\r\x1b[K") {
		t.Error("a terminal is not left at the start of an empty line")
	}
}
