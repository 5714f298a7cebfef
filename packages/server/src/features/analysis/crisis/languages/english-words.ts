import type { Language } from '../language.ts'

/** What the phrases of English call by a name. */
export const englishWords: Language['words'] = {
  when: 'monday|tuesday|wednesday|thursday|friday|saturday|sunday|the weekend|weekend|tomorrow|tonight|christmas|new year|my birthday|the morning|morning|next week|next month|next year|spring|summer|the end of the week|the end of the month',
  num: '10|12|15|20|25|30|35|40|45|50|60|70|80|90|100|ten|twelve|fifteen|twenty|thirty|forty|fifty|sixty|hundred|all|every|handful|lot|whole|entire|bottle|too many|so many|dozens',
  am: 'im|i am|i m',
  ive: 'ive|i have|i ve|i',
  want: 'want|wanna|wanting|wish|need|long|intend|plan|planning|ready|prepared|tempted|decided|determined|gonna|going|about|hoping|dying',
  adverb:
    'really|just|honestly|actually|truly|only|simply|genuinely|seriously|literally|still|also|always|constantly|so|badly|kinda|finally|sometimes|fucking|desperately|even|probably',
  kill: 'kill|off|hang|drown|unalive|shoot|end|murder|suffocate|poison|electrocute|starve',
  killing: 'killing|hanging|drowning|unaliving|shooting|ending|offing|poisoning|suffocating',
  myself: 'myself|my self|meself|mself|myslef|mysefl',
  hurt: 'hurt|cut|harm|burn|injure|punish|slice',
  hurting: 'hurting|cutting|harming|burning|injuring',
  pills: 'pills|tablets|meds|medication|painkillers|sleeping pills|tylenol|paracetamol|insulin|overdose|bottle',
  gone: 'dead|gone|not here|no longer here|not around|no longer around|not alive|no longer alive|never born|out of the picture',
  person:
    'everyone|everybody|they|the world|my family|my kids|my children|my parents|people|my wife|my husband|you all|you|my friends|all of you|others|the others|my loved ones|he|she|my mum|my mom|theyd|youd|hed|shed',
  abuser:
    'my (ex )?(husband|boyfriend|father|dad|partner|wife|girlfriend|brother|uncle|stepfather|stepdad|ex|mother|mum|mom|son|neighbour|neighbor|stalker)',
  loved:
    'my (best |old |late |dear |good |close )?(friend|friends|mum|mom|mother|dad|father|brother|sister|cousin|uncle|aunt|colleague|client|patient|roommate|boyfriend|girlfriend|husband|wife|son|daughter|neighbour|teacher|therapist|ex|flatmate|student|grandmother|grandfather|partner)',
  work: 'film|movie|song|book|novel|series|episode|game|play|opera|poem|show|story|documentary|podcast|manga|anime|script|musical|lyrics|thriller|comic',
  yourDeath:
    'kill yourself|end your (own )?life|end it all|take your (own )?life|hang yourself|drown yourself|shoot yourself|commit suicide|die|be dead|hurt yourself|cut yourself|harm yourself|slit your wrists|overdose|jump off (a|the|your|that) (bridge|roof|building|balcony|cliff)',
  yourDying: 'killing yourself|ending your (own )?life|taking your (own )?life|hanging yourself|ending it all',
  wayOut: 'way|way out|solution|answer|option|choice|path|escape|thing to do',
  thinking:
    'think|thinking|keep thinking|cant stop thinking|cant stop imagining|keep imagining|imagine|imagining|fantasise|fantasising|fantasize|fantasizing|keep picturing|picturing|picture|daydream|daydreaming',
  methodIng:
    'crashing (my|the|our) car|driving (my car|the car|us|it)? (into|off|under|through) .. (wall|tree|bridge|cliff|truck|lorry|river|pillar|barrier|traffic)|(swerving|steering|walking|stepping|running) (into|in front of|off|out into) .. (traffic|truck|lorry|train|wall|tree|bus|car|tracks|platform|bridge)|jumping (off|in front|from|out of) .. (bridge|roof|train|window|balcony|building|tracks|cliff)|throwing myself .. (train|bridge|window|tracks|balcony|roof)|(hanging|drowning|shooting|poisoning) myself|(taking|swallowing) all .. <pills>|overdosing|slitting my wrists|cutting my wrists|pulling the trigger|letting go of the (wheel|rail|railing)',
  drug: 'pills|tablets|oxy|oxycodone|oxycontin|xanax|valium|morphine|percocet|fentanyl|vicodin|codeine|sleeping pills|insulin|painkillers|paracetamol|tylenol|antidepressants|benzos|meds',
  near: 'nightstand|bedside|bed|next to me|beside me|in my hand|in front of me|in my lap|ready|waiting|in my drawer|on the table|in my bag|saved up|laid out|lined up',
  said: 'said|says|say|saying|swears|swore|threatened|threatens|threatening|texted|texts|told me|telling me|tells me|screams|screaming|yells|yelling|shouts|shouting|promised|promises',
  willKill:
    '(hell|shell|hed|theyll|he will|she will|he would|hes going to|hes gonna|shes going to|to|will|going to|gonna) <adverb>? (kill|murder|stab|shoot|strangle|end) me',
  atHand:
    'tonight|today|tomorrow|now|right now|next time|this time|when he|when she|if i (leave|go|tell|talk|open|stay)|before morning|and (hes|he is|shes) (outside|here|at the door|downstairs|coming|on his way|in the house|drunk)|hes (outside|here|at the door|downstairs|coming)|he has a (gun|knife)',
  lost: 'child|baby|son|daughter|wife|husband|mum|mom|mother|dad|father|nan|gran|grandma|brother|sister|partner|boyfriend|girlfriend|twin|best friend',
  toThem: '(join|follow|go to|be with|get to|be reunited with) (him|her|them)',
  blade: 'blade|razor|razors|scalpel|knife|cutter',
}
