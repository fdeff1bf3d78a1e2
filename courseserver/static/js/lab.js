/**
 * A lab page comes to life: instrument, reveal, drafts, editor, challenge, long run, hardware.
 * @module
 */
import { startDrafts, startEditor } from "./autosave.js";
import { startChallenges } from "./challenge.js";
import { startInstruments } from "./instrument.js";
import { startJobs } from "./job.js";
import { startReality } from "./kit.js";
import { prepareRegions } from "./live.js";
import { startNumberLines } from "./number_line.js";
import { showStep, startForms, startReveal } from "./reveal.js";

prepareRegions();
showStep();
startForms();
startReveal();
startNumberLines();
startDrafts();
startEditor();
startInstruments();
startChallenges();
startJobs();
startReality();
