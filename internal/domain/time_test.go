package domain_test

import (
	"testing"
	"time"

	"purser/internal/domain"
	"purser/ledger"
)

func TestLoadZone(t *testing.T) {
	t.Parallel()
	first, err := domain.LoadZone("Asia/Kathmandu")
	if err != nil {
		t.Fatal(err)
	}
	again, err := domain.LoadZone("Asia/Kathmandu")
	if err != nil || again != first {
		t.Errorf("loaded again: %p, %v, want %p from memory", again, err, first)
	}
	for _, name := range []string{"", "Local", "Asia/Atlantis", "../../etc/passwd", "Asia//Kathmandu", "Asia/./Kathmandu", "/Asia/Kathmandu"} {
		if zone, err := domain.LoadZone(name); err == nil {
			t.Errorf("LoadZone(%q) = %s, want an error", name, zone)
		}
	}
}

func TestDateIn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		zone, at string
		want     ledger.Date
	}{
		"kathmandu_a_minute_before_midnight": {"Asia/Kathmandu", "2026-11-23T18:14:59Z", ledger.Date{Year: 2026, Month: 11, Day: 23}},
		"kathmandu_at_midnight":              {"Asia/Kathmandu", "2026-11-23T18:15:00Z", ledger.Date{Year: 2026, Month: 11, Day: 24}},
		"new_york_before_the_clocks_go_back": {"America/New_York", "2026-11-01T03:59:59Z", ledger.Date{Year: 2026, Month: 10, Day: 31}},
		"new_york_in_the_25th_hour":          {"America/New_York", "2026-11-02T04:59:59Z", ledger.Date{Year: 2026, Month: 11, Day: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zone, err := domain.LoadZone(test.zone)
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(time.RFC3339, test.at)
			if err != nil {
				t.Fatal(err)
			}
			if got := domain.DateIn(zone, at); got != test.want {
				t.Errorf("DateIn = %s, want %s", got, test.want)
			}
		})
	}
}

func TestWithTimeLeavesOutWhatWasLeftOut(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	if got := domain.WithTime(nil, "at", time.Time{}); len(got) > 0 {
		t.Errorf("got %v, want nothing", got)
	}
	if got := domain.WithTime(nil, "at", at).TimeOf("at"); !got.Equal(at) {
		t.Errorf("got %s, want %s", got, at)
	}
	if got := domain.OrNow(time.Time{}, at); !got.Equal(at) {
		t.Errorf("OrNow of nothing = %s, want now", got)
	}
	if got := domain.OrNow(at, time.Time{}); !got.Equal(at) {
		t.Errorf("OrNow = %s, want %s", got, at)
	}
}
