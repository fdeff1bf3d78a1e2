/** Shapes shared by the modules; read by editors and `tsc --checkJs`, never by browsers. */
import type { Layer } from "./svg.js";

export type Value = number | string | boolean | null | undefined;
export type Line = (number | null)[];

/** What a plot shows at one setting: named numbers, and named lines. */
export interface Sample {
  values: Record<string, Value>;
  curves: Record<string, Line | null>;
  /** The numbers would answer a part that is still locked. */
  isWithheld?: boolean;
}

export interface AxisSpec {
  label: string;
  unit?: string;
  scale?: string;
  format?: string;
  min?: number;
  max?: number;
}
export interface SeriesSpec { id: string; x: string; y: string; label: string; evidence: string; style?: string }
export interface MarkerSpec { x: string; y: string; label: string; evidence: string; low?: string; high?: string }
export interface RuleSpec { axis: string; at: string; label: string }
export interface SegmentSpec { output: string; label: string; evidence: string }
export interface LimitSpec { label: string; output?: string; value?: number }
export interface PlotSpec {
  id: string;
  kind: string;
  title: string;
  summary: string;
  x?: AxisSpec;
  y?: AxisSpec;
  series?: SeriesSpec[];
  markers?: MarkerSpec[];
  rules?: RuleSpec[];
  segments?: SegmentSpec[];
  limit?: LimitSpec;
  labels?: string[];
  output?: string;
  z?: string;
  xs?: string;
  ys?: string;
  start?: string;
  end?: string;
  lane?: string;
}

/** From values to pixels along one axis. */
export interface Scale {
  at: (x: number) => number;
  ticks: number[];
  low: number;
  high: number;
  isLog: boolean;
}
export interface Area { left: number; right: number; top: number; bottom: number }
export interface Frame { x: Scale; y: Scale; area: Area }
export type Range = [number, number];

/** What a kind of plot draws on. */
export interface View {
  spec: PlotSpec;
  width: number;
  height: number;
  back: Layer;
  front: Layer;
  sample: Sample;
  formats: Record<string, string>;
  clipUrl: string;
  clip: (area: Area) => void;
}
export interface DataTable { columns: string[]; rows: string[][] }

/** A place for a label. */
export interface Spot { x: number; y: number; anchor: "start" | "middle" | "end"; cost?: number }

export interface KnobSpec {
  id: string;
  label: string;
  help?: string;
  kind: "range" | "list" | "toggle";
  format: string;
  steps: (number | string | boolean)[];
  texts?: string[];
  default: number;
}
export interface Handlers { preview: (index: number) => void; release: (index: number) => void }
export interface Knob { node: HTMLElement; set: (index: number) => void }

export interface OutputSpec { id: string; label: string; format: string; evidence: string; headline?: boolean }
export interface FailureSpec { id: string; when: string; title: string; text: string; found: boolean }

/** Knob ids to indexes of their steps. */
export type At = Record<string, number>;

/** What the server answers to a release. */
export interface Answer {
  at: At;
  point: Record<string, Value>;
  slices: Record<string, Record<string, Value[]>>;
  curves: { at: Record<string, Line | null> } & Record<string, Record<string, (Line | null)[]>>;
  withheld?: boolean;
  found?: string[];
  safe?: At | null;
}
/** What the page brings along. */
export interface InstrumentData extends Answer {
  part: string;
  url: string;
  knobs: KnobSpec[];
  outputs: OutputSpec[];
  plots: PlotSpec[];
  failures: FailureSpec[];
  params?: Record<string, Value>;
}
