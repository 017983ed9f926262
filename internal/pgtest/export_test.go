package pgtest

import "context"

// Sweep is what the first New of a binary does to what killed ones left in tmp.
func Sweep(ctx context.Context, tmp string) { sweep(ctx, tmp) }
