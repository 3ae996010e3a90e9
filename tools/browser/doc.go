// Package browser opens the pages of the exporter in a real browser (Debian's package chromium). It is a module of
// its own, because only this test needs a driver of the DevTools protocol: a page cannot be measured without one.
//
// Run it with: go test ./... in this folder. It leaves pictures in screenshots/. Without a browser it is skipped,
// except with CI=true.
package browser
