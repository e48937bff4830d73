### The texts of the page for the shared decision. The patient's part is plain: a test measures its reading level.
### English names of features, units, landmarks and cautions stand in the code, once.

## The page

title = Getting well and staying well: numbers to talk about
skip = Go to the numbers
languages = Language
link-minutes = { $minutes ->
    [one] This link works for 1 minute. Print the page if you want to keep it.
   *[other] This link works for { $minutes } minutes. Print the page if you want to keep it.
}
synthetic-title = This is an example: do not decide by these numbers
synthetic-text = The model was built from invented (synthetic) people. The numbers are not about you.
research = KAP Outcomes, research software. It is not a medical device and gives no advice.
made-on = Made on { $date }.
footer-promoted = The numbers on this page are cleared for use in the clinic.
footer-overridden = The model is in use although it did not pass all its checks.
withheld-patient = Some numbers are not shown, because they are not cleared for use yet.
strip-cautions = For the clinician: { $number ->
    [one] 1 caution
   *[other] { $number } cautions
}
strip-cautions-first = For the clinician: { $number ->
    [one] 1 caution. Look at it before the numbers
   *[other] { $number } cautions. Look at them before the numbers
}
help-now = If you think of harming yourself, tell the person with you now, or call your local emergency number.
safety-patient = Your record has points about safety. Your clinician will go through them with you.

## The numbers, for patient and family

patient-title = For you and your family
known-until = { $date ->
    [none] These numbers use what was known { $landmark }, on day { $day } of the course.
   *[other] These numbers use what was known { $landmark }, on { $date }.
}
date = { DATETIME($date, dateStyle: "long") }

outcome-remission = Hardly any symptoms left
outcome-relapse = Symptoms coming back
outcome-relapse-later = If you get there: symptoms coming back
outcome-sustained = Hardly any symptoms for longer
of-100 = { $people ->
    [0] fewer than 1
    [100] more than 99
   *[other] about { $people }
} of 100
who-like = { $kind ->
    [synthetic] invented people with answers like yours
   *[real] people like you
}
who-study = { $kind ->
    [synthetic] invented people in the study
   *[real] people in the study
}
window = about { $first } to { $last } weeks after { $anchor ->
    [index] the start
   *[other] the last session
}
window-one = about { $first ->
    [one] 1 week
   *[other] { $last } weeks
} after { $anchor ->
    [index] the start
   *[other] the last session
}
window-unknown = some weeks after the last session
sentence-remission = Of 100 { $who }, { $people ->
    [0] fewer than 1 has
    [100] more than 99 have
    [1] about 1 has
   *[other] about { $people } have
} hardly any symptoms left { $when }. This is called remission.
complement-remission = { $people ->
    [0] Fewer than 1 does not.
    [100] More than 99 do not.
    [1] About 1 does not.
   *[other] About { $people } do not.
}
others-remission = They can be better too, but not as far as this.
lead-relapse = { $start ->
    [now] This counts only { $who } who have hardly any symptoms now.
   *[then] This counts only { $who } who get to hardly any symptoms.
}
sentence-relapse = Of 100 of them, { $people ->
    [0] fewer than 1 has
    [100] more than 99 have
    [1] about 1 has
   *[other] about { $people } have
} symptoms again within { $time } from { $start ->
    [now] now
   *[then] then
} (relapse).
complement-relapse = { $people ->
    [0] Fewer than 1 of them does not.
    [100] More than 99 of them do not.
    [1] About 1 of them does not.
   *[other] About { $people } of them do not.
}
sentence-sustained = Of the same 100 people as in the first box, { $people ->
    [0] fewer than 1 gets to hardly any symptoms and stays
    [100] more than 99 get to hardly any symptoms and stay
    [1] about 1 gets to hardly any symptoms and stays
   *[other] about { $people } get to hardly any symptoms and stay
} so for { $time }.
sentence-sustained-own = Of 100 { $who }, { $people ->
    [0] fewer than 1 gets to hardly any symptoms and stays
    [100] more than 99 get to hardly any symptoms and stay
    [1] about 1 gets to hardly any symptoms and stays
   *[other] about { $people } get to hardly any symptoms and stay
} so for { $time }.
sentence-sustained-now = Of 100 { $who } who have hardly any symptoms now, { $people ->
    [0] fewer than 1 stays
    [100] more than 99 stay
    [1] about 1 stays
   *[other] about { $people } stay
} so for { $time }.
part-of-first = They are part of the { $people }.
complement-sustained = { $people ->
    [0] Fewer than 1 does not.
    [100] More than 99 do not.
    [1] About 1 does not.
   *[other] About { $people } do not.
}
sooner-relapse = Within { $time }: { $number }.
sooner-sustained = For { $time }: { $number }.
weeks-within = { $weeks ->
    [one] 1 week
   *[other] { $weeks } weeks
}
weeks-long = { $weeks ->
    [one] 1 week
   *[other] { $weeks } weeks
}
days-within = { $days ->
    [one] 1 day
   *[other] { $days } days
}
days-long = { $days ->
    [one] 1 day
   *[other] { $days } days
}
range = It could be from { $low } to { $high }.
sure-high = This number is fairly sure.
sure-medium = This number is somewhat unsure.
sure-low = This number is very unsure.
average-number = The model gives everybody this same number: the average of the { $number ->
    [unknown] {""}
   *[other] { $number }{" "}
}{ $kind ->
    [synthetic] invented people
   *[real] people
} it was built from. It knows no range for it.
average-sustained = The model gives everybody this same number. It follows from the first two numbers. It has no range.
why-average-few = Too few people had the rarer result to tell people apart.
why-average-no-better = No facts about people predicted better than this average.
in-group = { $people ->
    [0] Fewer than 1
    [100] More than 99
   *[other] About { $people }
} of 100 in the group. Nobody knows which.
no-range = This model gives no range, so we can't say how sure the number is.
range-meaning = The range shows how unsure the number is. With other people in the study it could have come out anywhere in it, or sometimes outside. It does not tell what will happen to you.
edge-patient = You differ from most people in the study. So all numbers here are less sure than usual.

icons-title = { $number }, shown as 100 people
icons-range = The best estimate is { $people }. { $low } people are filled in. { $between } are shaded: they are the range. { $empty } are empty.
icons-plain = { $people } people are grey. { $empty } are empty. Nobody knows which people are counted.
legend-title = How to read the 100 people
legend-filled = Filled: counted even by the lowest estimate.
legend-shaded = Shaded: the estimate could end anywhere among these figures.
legend-empty = Empty: not counted even by the highest estimate.
legend-line = Line: the best estimate.
legend-plain = Grey: so many of the group are counted. There is no range.
legend-nobody = No figure is you.

curve-title = When do symptoms come back?
curve-caption = Of 100 people in remission, so many have had a relapse by each week.
curve-caption-band = The shaded band is the range.
curve-weeks = Weeks since remission
curve-people = People of 100
curve-summary = { $people } by week { $week }
curve-table = The curve as a table
column-week = Week
column-people = Relapse, of 100
column-range = Range

weighing-title = What the estimate took into account
weighing-intro = This does not mean that these points caused it. None of it is your fault.
weighing-about-remission = This list is about the first number.
weighing-about-relapse = This list is about symptoms coming back.
weighing-more-remission = More often seen with remission
weighing-less-remission = Less often seen with remission
weighing-more-relapse = More often seen with symptoms coming back
weighing-less-relapse = Less often seen with symptoms coming back
weighing-nothing = Nothing that stands out.
weighing-average = No facts about you: the model gives everybody the same number.
weighing-most = { $group }: most of all { $feature }
weighing-most-stand = { $group }: most of all { $feature } ({ $stand })
stand = { $stand ->
    [yes] yes
    [no] no
    [above] above the study's average
   *[below] below the study's average
}
group-baseline-severity = how strong the symptoms were at the start
group-treatment-history = the treatments before this one
group-early-response = how things have gone since the first session
group-patient-context = facts about you, such as age or other illness
group-study-covariate = other facts that this study asked for


missing-few = { $number ->
    [0] All facts that the model looks at were on record.
    [one] One fact was missing:
   *[other] { $number } facts were missing:
}
missing-with = { $number ->
    [one] With it the numbers could be higher or lower. If you know it, tell your clinician: then your own numbers can be computed anew.
   *[other] With them the numbers could be higher or lower. If you know them, tell your clinician: then your own numbers can be computed anew.
}
missing-many = { $number } facts that the model looks at were missing. With them the numbers could be higher or lower. Your clinician has the list. If you know some of them, your own numbers can be computed anew.

limits-title = What the numbers do not tell
limits-treat = <b>Should you start, go on with or stop a treatment, or have more sessions to stay well? This model can't say.</b> All people in the study had this treatment. So the numbers say what tends to follow. They do not say what the treatment does, or what would happen without it.
limits-person = The numbers are about groups of people. No one can tell what will happen to you. If symptoms come back, there is help: talk about it now.

what-if-title = Another person's numbers
what-if-intro = Some answers are still open. Fill in one or more to see the numbers of <b>another person</b>, who differs from you only in these answers. This compares people. It does <b>not</b> show what would happen if you changed. A lower score here does not make your own chance better.
what-if-rating = This person's next { $scale }
what-if-range = { $low } to { $high }
what-if-range-unit = { $low } to { $high } { $unit }
what-if-range-rating = { $low } { $better ->
    [better] (severe) to { $high } (none)
   *[worse] (none) to { $high } (severe)
}
what-if-open = not known
what-if-button = Show the other person's numbers
what-if-result = Another person's numbers
what-if-not-you = These are not your numbers. They are no effect of a treatment.
what-if-this-page = This page
what-if-other = Other person
what-if-number = Number
what-if-none = For a person with these answers the model gives no number.
what-if-empty = Fill in at least one answer.
what-if-failed = This did not work. Try again, or open the page again from the record.
what-if-refused = An answer does not fit its field. Correct it.
what-if-over = The time of this page is over. Open it again from the record.
what-if-many = This page has been asked often enough. Open it again from the record.
what-if-replaced = The model has been replaced since this page was made. Open it again from the record.
value-range = { $number } ({ $low } to { $high })

## Without a prediction

nothing-title = There is no number for you
nothing-intro = The model can't give a number here. This says nothing about how you will do.
nothing-landmark_not_reached = It is too early, or a session is not on record.
nothing-age_outside = The study had no people of your age.
nothing-died = The record says that the patient has died.
nothing-withdrew = The record says that the course was ended early.
nothing-ended_before = A relapse, or the end of the course, is already on record.
nothing-no_baseline = There is no rating of the symptoms from before the first session.
nothing-baseline_in_remission = There were hardly any symptoms at the start. The model is for people who had more.
nothing-no_dosing_session = There is no session on record.
nothing-already_decided = A rating after the course already shows how it ended.
nothing-window_over = The time in which the result is rated is over, and there is no rating.
nothing-not_learned = Too few people were in the study to give a number.
nothing-outside_training = You differ too much from the people in the study.
nothing-not_promoted = The model is not cleared for use at this point of the course.
nothing-other = The model gives a reason that this page does not know.

## For the clinician

clinician-title = For the clinician
reason-title = Why there is no number
cautions-title = Cautions
cautions-intro = Facts in the record to weigh, whatever the numbers say.
cautions-none = None from what is recorded. That does not mean no risk: what was not recorded gives no caution.
not-checked = not checked
our-judgement = our judgement
source = Source
exact-title = Exact numbers
exact-caption = Times count from the reading that showed remission
exact-outcome = Outcome
exact-probability = Probability
exact-interval = 90% interval
exact-remission = Remission
exact-relapse = Relapse within { $time }
exact-sustained = Remission, no relapse for { $time }
percent = { $number }%
percent-under = under { $number }%
percent-over = over { $number }%
percent-scale = { $number }% of the scale's range
value-usual-doses = { $number } times the usual dose
value-share-of-the-limit = { $number } times the limit
no-interval = none
contributions-title = Contributions
contributions-intro = In log-odds. They are associations in the development cohort, not causes, and not a reason to change dose or treatment.
contributions-remission = Remission
contributions-relapse = Relapse
contributions-more = more likely: { $features }
contributions-less = less likely: { $features }
contributions-average = no contributions: everyone gets the cohort's average risk
nothing-listed = none
contribution = { $feature } { $weight }
contribution-value = { $feature } ({ $value }) { $weight }
number-unit = { $number } { $unit }
one-courses = { $number } course
one-days = { $number } day
one-events = { $number } event
one-points = { $number } point
one-points-a-week = { $number } point a week
one-ratings = { $number } rating
one-reliable-changes = { $number } reliable change
one-reliable-changes-a-week = { $number } reliable change a week
one-sessions = { $number } session
one-treatments = { $number } treatment
one-usual-doses-a-week = { $number } usual dose a week
one-years = { $number } year
decimal-mark = .
yes = yes
no = no
missing-title = Not recorded
missing-used = { $number ->
    [one] The model uses 1 feature that was not recorded: { $features }.
   *[other] The model uses { $number } features that were not recorded: { $features }.
}
missing-other = { $number ->
    [0] {""}
    [one] 1 other feature was not recorded either; it does not count in these numbers.
   *[other] { $number } other features were not recorded; they do not count in these numbers.
}
missing-none = All features were recorded.
unused-rows = { $number ->
    [0] {""}
    [one] 1 entry came after the moment of prediction and was not used.
   *[other] { $number } entries came after the moment of prediction and were not used.
}
like-title = Comparable with the study's patients?
like-inside = As far as recorded: yes.
like-edge = At the edge. The numbers are less certain: { $why }.
like-outside = No: { $why }.
like-unknown = Not known: the model does not describe its patients.
like-recorded = { $number } of { $all } features not recorded.
like-cautions = Cautions are not part of this comparison.
model-title = The model
model-fitted = Version { $version } ({ $digest }), prediction { $id }. { $heads }
model-head-remission = Remission: fitted on { $number } patients.
model-head-relapse = Relapse: fitted on { $number } patients.
model-synthetic = The patients of its study are synthetic (invented).
model-for = For ketamine-assisted psychotherapy of an anxiety disorder from { $years } years on, in patients like those of the study.
model-of-study = What the model is for, in the words of its study
model-for-study = For patients from { $years } years on, like those of that study.
model-limits = It supports your judgement and never replaces it; no treatment should begin, change or end because of these numbers alone. This page is not a decision aid: options and their harms are not covered.
model-promoted = Promoted for the clinic by { $by } on { $date } (decision { $decision }).
model-decided = Promoted by { $by } on { $date } (decision { $decision }).
model-overridden = Promoted by override by { $by } on { $date } (decision { $decision }): not all checks were met.
model-not-met = Not met
model-withheld = Not given, because the model is not promoted for it here: { $questions }.
model-notes = Notes
in-english = in English
landmark = Landmark: { $landmark }, day { $day }{ $date ->
    [none] {""}
   *[other] , { $date }
}.
defined-title = What the numbers count
define-remission = Remission: { $scale } { $band }{ $drop ->
    [none] {""}
   *[other] , at least { $drop } points better than at baseline
}, at the reading nearest the middle of days { $first } to { $last } after { $anchor ->
    [index] day 0
   *[other] the last acute session
}.
define-remission-now = Remission: everybody is taken to be in remission at the landmark.
define-relapse = Relapse: { $scale } { $band }, at least { $rise } points worse than the best since remission{ $confirm ->
    [yes] , confirmed { $first } to { $last } days later
   *[no] {""}
}; or an event ({ $events }).
define-relapse-event = Relapse: an event ({ $events }).
define-clock = Day 0 of the relapse clock: { $start ->
    [landmark] the landmark.
   *[reading] the day of the reading that decides remission.
}
define-competing = Competing events ({ $events }) count neither as relapse nor as lasting remission. So the third number is not simply the first times the rest of the second.
at-most = at most { $number }
at-least = at least { $number }
synthetic = synthetic
performance-none = No performance is stored with this model.
not-validated = Validated on real patients: none.
measured-held-out = Held-out patients ({ $patients })
measured-updated = Held-out patients after an update ({ $patients })
measured-external = External patients ({ $patients })
figure = { $estimate } ({ $low } to { $high })
figure-auc = AUC { $estimate }
figure-calibration-slope = calibration slope { $estimate }
figure-observed-to-expected = observed/expected { $estimate }
event-relapse = relapse
event-hospitalisation = hospital stay
event-rescue_ketamine = rescue ketamine
event-medication_increase = increase of medication
event-new_treatment = a new treatment
event-death = death

## Instead of a page

refused-over-title = This link has expired
refused-over-text = A link to this page works for a short time only, to protect your data. Open it again from the patient's record.
refused-unknown-title = This link does not work
refused-unknown-text = The link is not complete, or another service made it. Open the page from the patient's record.
refused-gone-title = This page is no longer there
refused-gone-text = Its data were deleted. Open the page again from the patient's record.
refused-busy-title = The page can't be shown now
refused-busy-text = The service can't read its data at the moment. Load the page again in a minute.

## Names of scales and facts about another person

score-gad7 = anxiety score (GAD-7)
score-hama = anxiety score (HAM-A)
score-lsas = social anxiety score (LSAS)
score-pdss = panic score (PDSS)
score-pcl5 = trauma score (PCL-5)
score-ybocs = score of obsessions (Y-BOCS)
score-other = score ({ $scale })
ask-illness_duration_years = how long this person has been ill
ask-age_years = this person's age
ask-body_mass_index = this person's weight for height (body mass index)
ask-expectancy = how much help this person hoped for before session 1
ask-working_alliance = how well this person and the therapist worked together before session 1

## Plain names of features whose name in the code is not plain

plain-baseline_severity_share = how strong the symptoms were at the start
plain-baseline_distance_to_remission = how far the symptoms were from remission at the start
plain-drop_needed = how much the symptoms have to drop
plain-second_scale_severity_share = how strong the symptoms were at the start on the second scale
plain-illness_duration_years = how long you have been ill
plain-mean_baseline_distance_to_remission = how far the symptoms were from remission at the start
plain-baseline_ratings = how often the symptoms were rated at the start
plain-prior_antidepressants_not_failed = how many earlier drugs against depression did not fail
plain-prior_other_medications_not_failed = how many other earlier drugs did not fail
plain-prior_psychotherapies_not_failed = how many earlier talking therapies did not fail
plain-prior_stimulations_not_failed = how many earlier courses of brain stimulation did not fail
plain-prior_intensive_treatments_not_failed = how many earlier stays in hospital did not fail
plain-adequate_failures = how many earlier treatments did not help
plain-earlier_response = whether an earlier treatment helped
plain-benzodiazepine_running = a calming drug (benzodiazepine)
plain-benzodiazepine_mg = how much of a calming drug (benzodiazepine) you take
plain-change_points = how much better the symptoms are since the start
plain-change_share = how much better the symptoms are since the start
plain-change_reliable = how much better the symptoms are since the start
plain-distance_to_remission = how far the symptoms are from remission now
plain-distance_to_criterion = how far the symptoms are from remission now
plain-mean_distance_to_criterion = how far the symptoms have been from remission
plain-recent_distance_to_criterion = how far the symptoms are from remission since the last dose
plain-change_after_session_1 = how much better the symptoms were after session 1
plain-slope_per_week = how much the symptoms rise from week to week
plain-latest_severity_share = how strong the symptoms are now
plain-best_share = how strong the symptoms still were at the best rating
plain-worst_share = how strong the symptoms were at the worst rating
plain-in_remission_band = hardly any symptoms at the last rating
plain-ratings_since_baseline = how often the symptoms were rated
plain-dose_relative_to_usual = how high the dose was, next to the usual one
plain-parenteral_dose_shortfall = how far the injected dose was below 0.6 mg/kg
plain-dose_of_route_limit = how high the dose was, next to the highest one
plain-peak_dissociation = how far away from yourself you felt during a dose
plain-adverse_events = how many sessions had an unwanted event
plain-second_scale_severity_now = how strong the symptoms are now on the second scale
plain-age_years = your age
plain-sex_female = being a woman
plain-comorbid_depression = depression as well
plain-comorbid_ptsd = post-traumatic stress as well
plain-comorbid_substance_use = addiction as well
plain-comorbid_personality_disorder = a personality disorder as well
plain-family_history_alcohol = addiction to alcohol in the close family
plain-body_mass_index = your weight for your height (body mass index)
plain-childhood_trauma = hurt or neglect in childhood
plain-insomnia = bad sleep before session 1
plain-expectancy = how much help you hoped for before session 1
plain-working_alliance = how well you and your therapist worked together before session 1
