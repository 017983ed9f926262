package ledgertest

import (
	"fmt"

	"purser/ledger"
)

// applyLots keeps what never changes of a lot that exists, whatever the writes say
// of it. A lot that came by transfer grows; one that was issued does not.
func (r *rows) applyLots(w *ledger.Writes) error {
	for _, lot := range w.NewLots {
		if _, found := r.lots[lot.ID]; found {
			return fmt.Errorf("%w: lot %s exists", errConstraint, lot.ID)
		}
		if lot.Root != ledger.NilID && r.hasChild(lot.Root, lot.Wallet) {
			return fmt.Errorf("%w: wallet %s has a lot of root %s", errConstraint, lot.Wallet, lot.Root)
		}
		if err := checkLot(lot); err != nil {
			return err
		}
		r.lots[lot.ID] = lot
	}
	for _, lot := range w.Lots {
		row, found := r.lots[lot.ID]
		if !found {
			return fmt.Errorf("%w: lot %s is not there", errConstraint, lot.ID)
		}
		row.Remaining, row.BasisRemaining, row.TaxRemaining, row.GraceUntil = lot.Remaining, lot.BasisRemaining, lot.TaxRemaining, lot.GraceUntil
		if !row.Root.IsZero() {
			row.Granted, row.Basis, row.Tax = lot.Granted, lot.Basis, lot.Tax
		}
		if err := checkLot(row); err != nil {
			return err
		}
		r.lots[lot.ID] = row
	}
	return nil
}

func (r *rows) hasChild(root, wallet ledger.ID) bool {
	for _, lot := range r.lots {
		if lot.Root == root && lot.Wallet == wallet {
			return true
		}
	}
	return false
}

// checkLot is the row's own constraints (I9, I29).
func checkLot(lot ledger.Lot) error {
	within := lot.Granted > 0 && 0 <= lot.Remaining && lot.Remaining <= lot.Granted && 0 <= lot.BasisRemaining && lot.BasisRemaining <= lot.Basis &&
		0 <= lot.TaxRemaining && lot.TaxRemaining <= lot.Tax
	empty := lot.Remaining == 0 && (lot.BasisRemaining != 0 || lot.TaxRemaining != 0)
	if !within || empty || lot.Basis != 0 && lot.Money == "" {
		return fmt.Errorf("%w: lot %s: %+v (I9)", errConstraint, lot.ID, lot)
	}
	return nil
}

func (r *rows) applyPlaces(w *ledger.Writes) error {
	for _, place := range w.Places {
		if place.Quantity < 0 {
			return fmt.Errorf("%w: place of lot %s (I9)", errConstraint, place.Lot)
		}
		r.places[placeKey{place.Lot, place.Account, place.Hold}] = place.Quantity
	}
	for _, movement := range w.Movements {
		if movement.Quantity == 0 {
			return fmt.Errorf("%w: movement %d of journal %s moves nothing", errConstraint, movement.Line, movement.Journal)
		}
	}
	return nil
}
