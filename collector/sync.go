package collector

import (
	"context"
	"errors"
	"fmt"
)

type syncing struct {
	download, progress, stage, finished *metric
}

func newSync(c *catalog) updater {
	return &syncing{
		finished: c.late("sync_finished", "1 if the smartnode sync is finished; before that, a smartnode rejects peers, and after that it stays 1 even on a stuck node (mnsync IsSynced)."),
		stage:    c.late("sync_stage", "Stage of the smartnode sync; one is 1 (mnsync AssetID).", "stage"),
		download: c.late("initial_block_download", "1 if the chain is being downloaded for the first time, or its tip was over 6 hours old at the start (getblockchaininfo initialblockdownload)."),
		progress: c.late("verification_progress_ratio", "Estimated share of the chain that is verified, from 0 to 1; for dashboards, too inexact for alerts (getblockchaininfo verificationprogress)."),
	}
}

// The stages of mnsync (smartnode/smartnode-sync.h).
const (
	stageBlockchain = "blockchain"
	stageGovernance = "governance"
	stageFinished   = "finished"
)

func stageOf(asset int) (string, error) {
	switch asset {
	case 1:
		return stageBlockchain, nil
	case 4:
		return stageGovernance, nil
	case 999:
		return stageFinished, nil
	}
	return "", fmt.Errorf("mnsync status: unknown AssetID %d", asset)
}

func (s *syncing) update(ctx context.Context, in *scrape, out *samples) error {
	lockfree, err := in.lockfree(ctx)
	if err != nil {
		return err
	}
	errs := lockfree.Sync.Err
	if errs == nil {
		sendFlag(out, s.finished, *lockfree.Sync.Value.IsSynced)
		var stage string
		if stage, errs = stageOf(*lockfree.Sync.Value.AssetID); errs == nil {
			sendEnum(out, s.stage, []string{stageBlockchain, stageGovernance, stageFinished}, stage)
		}
	}
	main, err := in.mainlock(ctx)
	if err != nil {
		return errors.Join(errs, err)
	}
	if main.Chain.Err == nil {
		sendFlag(out, s.download, *main.Chain.Value.InitialBlockDownload)
		send(out, s.progress, *main.Chain.Value.VerificationProgress)
	}
	return errors.Join(errs, main.Chain.Err)
}
