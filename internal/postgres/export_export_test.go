package postgres

// Shrink makes slices of at most so many journals and accounts.
func (e *Export) Shrink(journals, accounts int64) { e.journals, e.rows = journals, accounts }

// Readers returns how many connections are reading.
func (db *DB) Readers() int32 { return db.read.Stat().AcquiredConns() }
