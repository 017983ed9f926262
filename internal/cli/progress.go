package cli

import (
	"fmt"
	"io"
	"os"

	"purser/internal/demo"
)

// progressSteps is how many lines a whole load writes into a file or a pipe.
const progressSteps = 10

// progress shows people how far a load is: on a terminal in one line that changes, elsewhere, where a
// line cannot be taken back, in about ten.
type progress struct {
	out      io.Writer
	terminal bool
	// step is the last tenth that was written.
	step int
}

func newProgress(out io.Writer) *progress {
	return &progress{out: out, terminal: isTerminal(out), step: -1}
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// eraseLine takes the cursor to the start of the line and removes what is there.
const eraseLine = "\r\x1b[K"

func (p *progress) show(at demo.Progress) {
	if p.terminal {
		fmt.Fprintf(p.out, "%sdemo: %s", eraseLine, at)
		return
	}
	if step := progressSteps * at.Day / max(at.Days, 1); step > p.step {
		p.step = step
		fmt.Fprintf(p.out, "demo: %s\n", at)
	}
}

// end leaves a terminal at the start of an empty line.
func (p *progress) end() {
	if p.terminal {
		fmt.Fprint(p.out, eraseLine)
	}
}
