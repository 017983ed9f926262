package policy_test

import (
	"slices"
	"testing"
	"time"

	"purser/internal/policy"
)

func TestConnectsAt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		at   time.Time
		want string
	}{
		"before_the_first_version_the_first_holds": {time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC), "connects/2019-05-01"},
		"the_instant_before_a_change":              {time.Date(2023, 5, 31, 23, 59, 59, 999_999_999, time.UTC), "connects/2019-05-01"},
		"the_instant_of_a_change":                  {time.Date(2023, 6, 1, 0, 0, 0, 0, time.UTC), "connects/2023-06-01"},
		"long_after":                               {time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC), "connects/2023-06-01"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := policy.ConnectsAt(test.at).Version; got != test.want {
				t.Errorf("ConnectsAt(%s) = %s, want %s", test.at, got, test.want)
			}
		})
	}
}

func TestConnectsKnowsEveryOrigin(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} {
		rules := policy.ConnectsAt(at)
		for _, origin := range []string{"PURCHASE", "PLAN", "PROMO", "BONUS", "COMPENSATION"} {
			if _, known := rules.Priority[origin]; !known || rules.LifetimeDays[origin] < 1 {
				t.Errorf("%s says nothing about %s", rules.Version, origin)
			}
		}
	}
}

func TestPromotionalUnitsStay(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} {
		rules := policy.ConnectsAt(at)
		if !slices.IsSorted(rules.Transferable) || slices.Contains(rules.Transferable, "PROMO") {
			t.Errorf("%s: %v are transferable, want no promotional units, in order", rules.Version, rules.Transferable)
		}
		for _, origin := range rules.Transferable {
			if _, known := rules.LifetimeDays[origin]; !known {
				t.Errorf("%s: %s is transferable, and no origin", rules.Version, origin)
			}
		}
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	issued := time.Date(2027, 12, 31, 23, 0, 0, 0, time.UTC)
	got := policy.ConnectsAt(issued).Expiry("PROMO", issued)
	if want := time.Date(2028, 3, 30, 23, 0, 0, 0, time.UTC); !got.Equal(want) { // 90 days, one of them 29 February
		t.Errorf("Expiry = %s, want %s", got, want)
	}
}

func TestConnectsHoldsAndGrace(t *testing.T) {
	t.Parallel()
	// A clock change in between does not move the end of a hold: it is counted in
	// hours, and days of grace are days of UTC.
	placed := time.Date(2026, 3, 28, 23, 30, 0, 0, time.UTC)
	rules := policy.ConnectsAt(placed)
	for name, test := range map[string]struct{ got, want time.Time }{
		"bid":             {rules.HoldUntil("BID", placed), placed.Add(8 * 24 * time.Hour)},
		"lease":           {rules.HoldUntil("LEASE", placed), placed.Add(2 * 24 * time.Hour)},
		"unknown_purpose": {rules.HoldUntil("GIFT", placed), placed},
		"grace":           {rules.GraceUntil(placed), time.Date(2026, 4, 4, 23, 30, 0, 0, time.UTC)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !test.got.Equal(test.want) {
				t.Errorf("got %s, want %s", test.got, test.want)
			}
		})
	}
}

func TestConnectsLiveWholeDaysWhateverTheClocksDo(t *testing.T) {
	t.Parallel()
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	issued := time.Date(2025, 3, 8, 23, 59, 30, 0, newYork) // the last minute before clocks go forward
	rules := policy.ConnectsAt(issued)
	if got, want := rules.Expiry("PURCHASE", issued), issued.Add(365*24*time.Hour); !got.Equal(want) {
		t.Errorf("Expiry = %s, want %s", got, want)
	}
	if got, want := rules.GraceUntil(issued), issued.Add(7*24*time.Hour); !got.Equal(want) {
		t.Errorf("GraceUntil = %s, want %s", got, want)
	}
}
