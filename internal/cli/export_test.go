package cli

import (
	"io"

	"purser/internal/demo"
)

// ShowProgress is what a load that reports these writes to out.
func ShowProgress(out io.Writer, terminal bool, all []demo.Progress) {
	p := newProgress(out)
	p.terminal = terminal
	for _, at := range all {
		p.show(at)
	}
	p.end()
}

// AmountText is an amount as export and trial-balance write it.
var AmountText = amountText
