package campaign

// BillableClicks is tested apart from the ledger, with counts that no request may
// have.
var BillableClicks = billableClicks
