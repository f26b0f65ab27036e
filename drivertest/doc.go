// Package drivertest has the tests that need a database: of package sqlstore on
// SQLite, by two drivers, and on PostgreSQL, and of what is built upon it. It
// has nothing to import.
package drivertest
