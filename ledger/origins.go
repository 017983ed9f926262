package ledger

import (
	"slices"
	"strings"
)

// ListOrigins writes origins as NamedOf reads them.
func ListOrigins(origins ...Origin) string {
	listed := make([]string, len(origins))
	for i, origin := range origins {
		listed[i] = string(origin)
	}
	return strings.Join(listed, originSeparator)
}

// originSeparator parts the origins of a list.
const originSeparator = ","

// passesOver reports whether the line leaves a place alone for the origin of its lot.
func (f *fold) passesOver(place Place, which selection) bool {
	return which.origins != nil && !slices.Contains(which.origins, string(f.peek(place.Lot).Origin))
}

// passedOver is the refusal of a line that had to pass over what it would have needed.
func (f *fold) passedOver(account Account, required int64, which selection) Refusal {
	refusal := &OriginError{Account: account.ID, Required: required}
	for _, place := range f.placesOf(account.ID) {
		switch {
		case place.Quantity == 0 || !f.usable(account, place):
		case !f.passesOver(place, which):
			refusal.Allowed += place.Quantity
		default:
			refusal.PassedOver += place.Quantity
			refusal.Origins = append(refusal.Origins, f.peek(place.Lot).Origin)
		}
	}
	if refusal.Allowed+refusal.PassedOver < required {
		panic("ledger: lot places do not cover the balance (I9)")
	}
	slices.Sort(refusal.Origins)
	refusal.Origins = slices.Compact(refusal.Origins)
	return refusal
}
