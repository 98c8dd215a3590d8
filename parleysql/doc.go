// Package parleysql keeps what parley must remember in a database, by
// database/sql and the SQL that SQLite (3.9 or later) and PostgreSQL (9.5 or
// later) have in common. It brings no driver.
//
//	pending := parleysql.NewPending(db, parleysql.PendingOptions{Placeholder: parleysql.Dollar})
//	if err := pending.CreateTable(ctx); err != nil {
//		return err
//	}
//	app := parley.New(rabbitmq.New(url), parley.Info("shop", "1.0.0"), parley.Track(pending))
package parleysql
