package wallet

import (
	"time"

	"purser/ledger"
)

// LimitsQuery asks for the limits in force on what is taken out of a wallet.
type LimitsQuery struct{}

// Limit is a limit as it stands in the window of the page's instant.
type Limit struct {
	Window   Window
	Maximum  int64 // units
	Used     int64
	ResetsAt time.Time
}

// Left is how many units still may be taken out in the window: none where a lower
// maximum was set than is used.
func (l Limit) Left() int64 { return max(l.Maximum-l.Used, 0) }

// LimitAt returns how a limit of the ledger's stands at an instant; ok is false for one
// that was lifted and for a window that is none of a wallet's.
func LimitAt(stored ledger.Limit, now time.Time) (limit Limit, ok bool) {
	current := stored.At(now)
	for window, length := range windows {
		if length == current.Window {
			return Limit{Window: window, Maximum: current.Maximum, Used: current.Used, ResetsAt: current.ResetsAt()}, current.Maximum >= 0
		}
	}
	return Limit{}, false
}
