-- en: In Chinese: quarters of 2026 by type of campaign as a Chinese reader sees them
-- zh: 中文标题：2026 年各季度与营销活动类型
select case cast((strftime('%m', created_date) + 2) / 3 as integer) when 1 then '第一季度' when 2 then '第二季度'
         when 3 then '第三季度' else '第四季度' end,
       case no_campaign when '@not_given' then '（未填写）' when '@not_yet_arrived' then '（尚未到达）' else campaign_type end,
       count(*), sum(amount_e4) as amount__e4
from opportunity where strftime('%Y', created_date) = '2026'
group by 1, 2
