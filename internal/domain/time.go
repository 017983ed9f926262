package domain

import (
	"fmt"
	"path"
	"sync"
	"time"

	"purser/ledger"
)

// zones keeps the time zones that were loaded: the ledger's fold asks for one with
// every click charge, and reading it again would be I/O. Only names that exist are
// kept, so that requests cannot make it grow beyond the database of zones.
var zones sync.Map

// LoadZone returns a named time zone; "Local" and "" are none, nor is
// another way to write the path of one.
func LoadZone(name string) (*time.Location, error) {
	if known, ok := zones.Load(name); ok {
		return known.(*time.Location), nil
	}
	if name == "" || name == "Local" || path.Clean(name) != name { // America//New_York is a file as well
		return nil, fmt.Errorf("load time zone %q: not a name of the IANA database", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("load time zone: %w", err)
	}
	zones.Store(name, zone)
	return zone, nil
}

// DateIn returns the local date of an instant.
func DateIn(zone *time.Location, at time.Time) ledger.Date {
	year, month, day := at.In(zone).Date()
	return ledger.Date{Year: year, Month: month, Day: day}
}

// OrNow returns an instant that may be left out; zero means now.
func OrNow(at, now time.Time) time.Time {
	if at.IsZero() {
		return now
	}
	return at
}

// WithTime adds an instant to a request's input, unless it was left out.
func WithTime(input ledger.Arguments, name string, at time.Time) ledger.Arguments {
	if at.IsZero() {
		return input
	}
	return input.Time(name, at)
}
