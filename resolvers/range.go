package resolvers

import (
	"purser/graph/model"
	"purser/internal/domain"
	"purser/internal/scalar"
	"purser/ledger"
)

// rangeOf reads a range that is given as a preset or as dates. It returns a
// fieldError that names the argument for neither, for both, for one date alone,
// and for dates that are out of order, too many, or in no year of ours. Which dates
// a preset means is for domain.Range.Resolve to say, once the zone is known.
func rangeOf(argument string, in model.DateRangeInput) (domain.Range, error) {
	asked, err := rangeShape(argument, in)
	if err != nil || asked.Preset != "" {
		return asked, err
	}
	return asked, checkDays(argument, "", domain.Dates{From: asked.From, To: asked.To}, rangeDaysMax)
}

// rangeShape is rangeOf without the limit of days, for what has its own.
func rangeShape(argument string, in model.DateRangeInput) (domain.Range, error) {
	switch {
	case in.Preset != nil && (in.From != nil || in.To != nil):
		return domain.Range{}, invalidArgument(argument, "expected either a preset, or from and to, got both")
	case in.Preset != nil:
		return domain.Range{Preset: domain.Preset(*in.Preset)}, nil
	case in.From == nil || in.To == nil:
		return domain.Range{}, invalidArgument(argument, "expected a preset, or both from and to")
	}
	dates := domain.Dates{From: ledger.Date(*in.From), To: ledger.Date(*in.To)}
	switch {
	case dates.From.Year < rangeYearMin || dates.To.Year > rangeYearMax:
		return domain.Range{}, invalidArgument(argument, "dates must lie in the years %d to %d", rangeYearMin, rangeYearMax)
	case dates.Days() < 1:
		return domain.Range{}, invalidArgument(argument, "to must be a later date than from")
	}
	return domain.Range{From: dates.From, To: dates.To}, nil
}

// checkDays refuses dates that are more than a limit that holds under a condition,
// which is "" for every range.
func checkDays(argument, condition string, dates domain.Dates, daysMax int) error {
	if days := dates.Days(); days > daysMax {
		return invalidArgument(argument, "%sexpected at most %d days, got %d", condition, daysMax, days)
	}
	return nil
}

// canonicalRange adds a range, as it was asked for, to what identifies a list. A
// preset stays a preset: a cursor goes on in the list of the day it is used on.
func canonicalRange(canonical ledger.Arguments, r domain.Range) ledger.Arguments {
	if r.Preset != "" {
		return canonical.Text("preset", string(r.Preset))
	}
	return canonical.Text("from", scalar.Date(r.From).String()).Text("to", scalar.Date(r.To).String())
}
